import { type Dispatcher, request } from 'undici';
import type { Media, RequiredSkills } from '../../agent/facets.ts';
import type { AgentAnswer } from '../../contract/agents.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { Log } from '../../ops/log.ts';

/**
 * The answer of another region to a claim or a settlement, or the reason why there is none. `unreachable`: it has certainly
 * done nothing. `unknown`: it may have done it, but its answer did not arrive in time.
 */
export type HomeAnswer =
  /** `again`: the call had this claim already, or the claim was settled. */
  { kind: 'granted'; claim: ClaimAnswer; again: boolean } | HomeProblem | { kind: 'unreachable' } | { kind: 'unknown' };

/** Any problem that the region answered with: it denied the request, or could not serve it, e.g. a 503. */
export interface HomeProblem {
  kind: 'problem';
  code: string;
  detail: string;
  status: number;
  /** The agent as known there. */
  agent?: AgentAnswer;
  /** The claim that the call has already. */
  claim?: ClaimAnswer;
  /** The agent's home, as far as the region that was asked knows. */
  home?: string;
}

/** A claim request that is sent to another region on behalf of a caller. */
export interface AskedClaim {
  queue: string;
  callId: string;
  media: Media;
  skills: RequiredSkills;
  /** The only agent that the caller accepts; undefined: any. */
  agentId?: string;
  /** The agent that this region proposes. It is no part of the caller's claim request. */
  proposes: string;
}

/** Time without data after which a connection is closed, in ms. Its caller's budget is used up by then. */
const SILENCE_MS = 5000;

const CREATED = 201;

/** Problem codes of an instance that starts, or does not know the format. It has done nothing, so the region counts as unreachable. */
const NOT_YET: unknown[] = ['starting', 'unknown_format'];

type ProblemBody = Omit<HomeProblem, 'kind' | 'status'>;

/** Sends a claim or a settlement to another region. Never throws. */
export async function askHome(
  url: string,
  body: object,
  headers: Record<string, string>,
  dispatcher: Dispatcher,
  log: Log,
): Promise<HomeAnswer> {
  try {
    const { statusCode, body: reply } = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      dispatcher,
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
    });
    const json = (await reply.json()) as Record<string, unknown>;
    if (statusCode < 300) {
      return { kind: 'granted', claim: json as unknown as ClaimAnswer, again: statusCode !== CREATED };
    }
    if (NOT_YET.includes(json.code)) return { kind: 'unreachable' };
    const { code = 'unknown', detail = '', agent, claim, home } = json as Partial<ProblemBody>;
    const more = { ...(agent && { agent }), ...(claim && { claim }), ...(home !== undefined && { home }) };
    return { kind: 'problem', status: statusCode, code, detail, ...more };
  } catch (error) {
    log.debug('home_request_failed', { err: error, url });
    return { kind: wasNeverSent(error) ? 'unreachable' : 'unknown' };
  }
}

const NOT_SENT = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'];

/** Whether a failed request certainly did not reach the region. If the connection broke later, it may have. */
function wasNeverSent(error: unknown): boolean {
  return NOT_SENT.includes((error as NodeJS.ErrnoException).code ?? '');
}

/** The answer to a read from another region. */
interface ReadAnswer {
  headers: Record<string, unknown>;
  body: unknown;
}

/**
 * Reads from another region. Never throws.
 * @returns undefined if the status is not 200, or no answer came within `deadlineMs`
 */
export async function askForRead(
  url: string,
  headers: () => Promise<Record<string, string>>,
  deadlineMs: number,
  dispatcher: Dispatcher,
  log: Log,
): Promise<ReadAnswer | undefined> {
  try {
    const signal = AbortSignal.timeout(Math.ceil(deadlineMs));
    const answer = await request(url, { headers: await headers(), dispatcher, signal });
    const body = await answer.body.json();
    return answer.statusCode === 200 ? { headers: answer.headers, body } : undefined;
  } catch (error) {
    log.debug('region_read_failed', { err: error, url });
    return undefined;
  }
}
