import type { ShownLetter } from '../../bus/letter-box.ts';
import type { Replayed } from './deadletters-replay.ts';

/** Lengths to which columns of the list are cut, in characters. */
const KEY_LENGTH = 40;
const REASON_LENGTH = 100;

/** An entry of the list as JSON. */
export function listEntry({ id, atMs, region, from, message, reason, cutFrom }: ShownLetter) {
  return {
    id,
    at: atMs ?? null,
    region: region ?? null,
    from: from ?? null,
    agent: message.key,
    event: message.headers.ce_id ?? null,
    reason: reason ?? null,
    ...(cutFrom !== undefined && { cut_from: cutFrom }),
  };
}

export function renderLetters(letters: ShownLetter[], total: number): string {
  if (letters.length === 0) return 'There are no dead letters.';
  const rows = letters.map((letter) => [
    letter.id,
    timeOf(letter),
    letter.region ?? '?',
    oneLine(letter.message.key, KEY_LENGTH) || '–',
    oneLine(letter.reason ?? '?', REASON_LENGTH),
  ]);
  const head = ['id', 'when', 'region', 'agent', 'why'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const more = letters.length < total ? `, the last ${letters.length} of them above` : '';
  const many = total === 1 ? '1 dead letter' : `${total} dead letters`;
  return [...lines, `${many}${more}. \`muster deadletters show <id>\` prints one in full.`].join('\n');
}

export function renderLetter(letter: ShownLetter): string {
  const { id, region, from, reason, stack, cutFrom, message } = letter;
  const facts: [string, string][] = [
    ['letter', id],
    ['written', `${timeOf(letter)}, by ${region ?? 'an unknown region'}`],
    ['from', from ?? 'unknown'],
    ['key', message.key],
    ['reason', reason ?? 'unknown'],
    ...(cutFrom !== undefined ? [['cut', `of ${cutFrom} bytes only a part is stored`] as [string, string]] : []),
    ...Object.entries(message.headers).map(([name, value]): [string, string] => [`header ${name}`, value]),
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}`);
  return [...lines, '', pretty(message.value), ...(stack ? ['', stack] : [])].join('\n');
}

export function renderReplayed(replayed: Replayed[]): string {
  if (replayed.length === 0) return 'There are no dead letters.';
  const lines = replayed.map(({ id, outcome, what }) =>
    outcome === 'kept' ? `✗ ${id}  ${what}` : `✓ ${id}  ${what}; ${outcome}`,
  );
  const isSent = replayed.some(({ outcome }) => outcome !== 'kept');
  const next = 'A region that still cannot process a message writes a new dead letter: see `muster deadletters list`.';
  return [...lines, ...(isSent ? [next] : [])].join('\n');
}

const timeOf = ({ atMs }: ShownLetter): string =>
  atMs ? new Date(atMs).toISOString().replace('T', ' ').slice(0, 19) : 'unknown';

function oneLine(text: string, length: number): string {
  const line = plain(text).replaceAll(/\s+/g, ' ');
  return line.length > length ? `${line.slice(0, length - 1).toWellFormed()}…` : line;
}

function pretty(value: string): string {
  try {
    return JSON.stringify(JSON.parse(value), undefined, 2);
  } catch {
    return plain(value);
  }
}

/** Replaces control characters: a message must not control the terminal. */
const plain = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, '\ufffd');
