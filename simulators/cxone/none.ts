import type { Switches } from './switches.ts';

/** Fields whose 0 or empty text is a value. */
const ALWAYS = new Set(['agentStateId', 'isActive', 'isACW', 'isAcw', 'isOutbound', 'openContacts']);

/** Writes empty fields in the way that is set. */
export function withoutNone(body: object, { none }: Switches): object {
  if (none === 'zero') return body;
  const isNone = (name: string, value: unknown) => !ALWAYS.has(name) && (value === 0 || value === '');
  const entries = Object.entries(body);
  if (none === 'missing') return Object.fromEntries(entries.filter(([name, value]) => !isNone(name, value)));
  return Object.fromEntries(entries.map(([name, value]) => [name, isNone(name, value) ? null : value]));
}
