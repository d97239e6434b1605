import { cut } from '../../agent/text.ts';
import { parse, RequestFailed } from '../failure.ts';

export interface Exchange {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/**
 * Error with a message of one line. CXone often gives the reason only in the header `icStatusDescription`, with an empty body or
 * an HTML page; JSON bodies use three spellings.
 * @param needs scope of a refused request, which CXone does not name
 */
export function failureOf({ status, headers, text }: Exchange, what: string, needs?: string): RequestFailed {
  const reasons = [String(headers.icstatusdescription ?? '').trim(), reasonOf(text)].filter(Boolean);
  const why = [...new Set(reasons)].join('; ') || 'no reason given';
  const atMs = Date.parse(String(headers.date));
  const message = `${what} was refused with ${status}: ${why}${needs ? `; it needs ${needs}` : ''}`;
  return new RequestFailed(status, message, Number.isNaN(atMs) ? undefined : atMs);
}

const DESCRIPTIONS = ['error_description', 'errorDescription', 'error_Description', 'message'];
const LONGEST_REASON = 200;

function reasonOf(text: string): string {
  const body = parse(text);
  if (typeof body !== 'object' || body === null) return text.startsWith('<') ? '' : cut(text, LONGEST_REASON);
  const values = ['error', ...DESCRIPTIONS].map((name) => (body as Record<string, unknown>)[name]);
  const words = values.filter((value) => typeof value === 'string' && value).join(': ');
  return cut(words, LONGEST_REASON);
}

/** Wait that the platform asks for, in ms; undefined if it does not, which is common. */
export function retryAfterMs({ headers }: Pick<Exchange, 'headers'>): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? seconds * 1000 : undefined;
}
