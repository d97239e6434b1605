import { isUtf8 } from 'node:buffer';
import type { BusMessage } from '../bus.ts';

/** An entry of a Redis stream: its id, and its fields and values in turn. */
export type StreamEntry = [id: string, fields: string[]];
/** The same in bytes. */
export type ByteEntry = [id: Buffer, fields: Buffer[]];

/** The fields of a message in a Redis stream. */
export const writeFields = ({ key, headers, value }: BusMessage): string[] => [
  'key',
  key,
  'headers',
  JSON.stringify(headers),
  'value',
  value,
];

/** Reads the fields of a stream entry, of Muster's own or anybody's. */
export function readFields(fields: (string | Buffer)[]): BusMessage {
  const message: BusMessage = { key: '', headers: {}, value: '' };
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const given = fields[i + 1] ?? '';
    const [name, value] = [String(fields[i]), String(given)];
    if (typeof given !== 'string' && !isUtf8(given)) message.isUtf8 = false;
    if (name === 'key') message.key = value;
    if (name === 'value') message.value = value;
    if (name === 'headers') message.headers = readHeaders(value);
  }
  return message;
}

/** Headers that are no JSON object count as none: whoever needs them will say which one is missing. Their values are texts. */
function readHeaders(text: string): Record<string, string> {
  try {
    const headers: unknown = JSON.parse(text);
    if (!headers || typeof headers !== 'object' || Array.isArray(headers)) return {};
    const texts = Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    return Object.fromEntries(texts);
  } catch {
    return {};
  }
}
