import { readClaimId } from '../../src/contract/claim-ids.ts';
import type { AnswerMode, CallerAnsweredLine, CallerAsk, CallerLine } from '../../src/ops/caller-line.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Journal } from '../../src/ops/journal.ts';
import type { Origin } from '../../src/ops/line-origin.ts';
import { createLog } from '../../src/ops/log.ts';
import type { HttpAnswer } from '../tools/http.ts';

/** The instance that a caller asks. */
interface Instance {
  region: string;
  url: string;
}

/** A request of a caller: an agent for a call, or the settlement of a claim. */
export type Question = Instance &
  (
    | { asked: 'claim'; call: string; queue: string }
    | { asked: Exclude<CallerAsk, 'claim'>; claim: string; call?: string | undefined }
  );

/** Fields of answers about a claim: of `/v1/claims`, and the flat ones of `/v1/route`. */
interface ToldBody {
  code?: string;
  reason?: string;
  call_id?: string;
  claim_id?: string;
  state?: string;
  expires_in_ms?: number;
  replicated?: boolean;
  verified?: boolean;
  authority?: { region: string; mode: AnswerMode } | AnswerMode;
}

/** A line without the fields that the ledger adds. */
type Unstamped<Line = CallerLine> = Line extends Origin ? Omit<Line, keyof Origin> : never;

/**
 * The callers' own history: their requests and answers, by their own clock. `muster verify` judges promises by it, and
 * compares the histories of instances with it.
 */
export class CallersLedger {
  readonly file: string | undefined;
  readonly #journal: Journal | undefined;
  readonly #clock: typeof systemClock;

  /** @param file undefined to write nothing. @throws Error if the file cannot be opened */
  constructor(file: string | undefined, clock = systemClock) {
    this.file = file;
    this.#clock = clock;
    this.#journal = file === undefined ? undefined : new Journal(file, createLog('error', '', 'callers'));
  }

  /** Sends a request, and records its answer. @throws the error of `ask` if there was no answer */
  async note<A extends HttpAnswer>(question: Question, ask: () => Promise<A>): Promise<A> {
    const since = this.#clock.monotonicMs();
    const { region, ...asked } = question;
    const common = {
      op: 'caller',
      ...asked,
      since,
      ...namedBy('claim' in question ? question.claim : undefined),
    } as const;
    let answer: A;
    try {
      answer = await ask();
    } catch (error) {
      this.#write({ ...common, phase: 'unanswered' }, region);
      throw error;
    }
    this.#write({ ...common, phase: 'answered', ...fieldsOf(answer) }, region);
    return answer;
  }

  /** Records that an interaction is over for an agent. Call it before the platform shows that. */
  over(agent: string, call: string): void {
    this.#write({ op: 'caller', phase: 'over', call, agent });
  }

  close(): void {
    this.#journal?.close();
  }

  #write(line: Unstamped, region = ''): void {
    const origin: Origin = { t: this.#clock.monotonicMs(), at: this.#clock.nowMs(), region, process: 'callers' };
    this.#journal?.append({ ...origin, ...line } as CallerLine);
  }
}

function namedBy(claimId: string | undefined): Pick<CallerAnsweredLine, 'claim' | 'agent' | 'fence' | 'unit'> {
  if (claimId === undefined) return {};
  const read = readClaimId(claimId);
  if (!read) return { claim: claimId };
  const { agentId: agent, fence, unit } = read.name;
  return { claim: claimId, agent, fence, ...(unit !== undefined && { unit }) };
}

/** A flat answer names the granting region only in the claim's id, and a refusal has a `reason`. */
function fieldsOf({ status, body }: HttpAnswer): Pick<CallerAnsweredLine, 'status'> & Partial<CallerAnsweredLine> {
  const { code, reason, call_id, claim_id, state, expires_in_ms, replicated, verified, authority } = body as ToldBody;
  const no = code ?? reason;
  if (no !== undefined) return { status, code: no };
  const { region, mode } = typeof authority === 'string' ? { mode: authority } : { ...authority };
  const home = region ?? (claim_id === undefined ? undefined : readClaimId(claim_id)?.name.region);
  return {
    status,
    ...(call_id && { call: call_id }),
    ...namedBy(claim_id),
    ...(home !== undefined && { home }),
    mode: mode ?? (verified ? 'verified' : 'home'),
    ...(state !== undefined && { state }),
    ...(expires_in_ms !== undefined && { held_ms: expires_in_ms }),
    ...(replicated !== undefined && { replicated }),
  };
}
