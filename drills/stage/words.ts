/** A duration in words: `740 ms`, `4.1 s`, `5 min`, `2 min 14 s`. */
export function duration(ms: number): string {
  if (Math.abs(ms) < 999.5) return `${Math.round(ms)} ms`;
  if (Math.abs(ms) < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const rest = Math.abs(seconds % 60);
  return `${Math.trunc(seconds / 60)} min${rest > 0 ? ` ${rest} s` : ''}`;
}

/** Values by name on one line: `eu-west-1 3 · us-east-1 4`. */
export function each(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(' · ');
}

const LONGEST = 240;

/** Any value in words, short enough for a few lines. */
export function shown(seen: unknown): string {
  const text = wordsFor(seen);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)} …`;
}

function wordsFor(seen: unknown): string {
  if (seen instanceof Error) return seen.message;
  if (typeof seen !== 'object' || seen === null) return `${seen}`;
  const { status, body } = seen as { status?: unknown; body?: { code?: unknown; detail?: unknown } };
  if (body?.code) return `${status} ${body.code}: ${body.detail}`;
  return Array.isArray(seen) ? seen.map(wordsFor).join('; ') : each(seen);
}
