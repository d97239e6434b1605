import { cut } from '../../agent/text.ts';
import { parse, RequestFailed } from '../failure.ts';

export interface Exchange {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/**
 * What went wrong, in one line. CXone often says it in the header `icStatusDescription` alone, beside an empty body or a
 * page of HTML; bodies that are JSON come in three spellings.
 * @param needs what the request needs, where the platform does not allow it: it does not say itself
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

/** How long the platform asks to wait, in ms; undefined where it does not, as is common. */
export function retryAfterMs({ headers }: Pick<Exchange, 'headers'>): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? seconds * 1000 : undefined;
}
