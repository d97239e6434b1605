import { readClaimId } from '../../src/contract/claim-ids.ts';
import type { AnswerMode, CallerAnsweredLine, CallerAsk, CallerLine } from '../../src/ops/caller-line.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Journal } from '../../src/ops/journal.ts';
import type { Origin } from '../../src/ops/line-origin.ts';
import { createLog } from '../../src/ops/log.ts';
import type { HttpAnswer } from '../tools/http.ts';

/** Whom a caller asks. */
interface Instance {
  region: string;
  url: string;
}

/** What a caller asks for: an agent for a call, or that something become of a claim. */
export type Question = Instance &
  (
    | { asked: 'claim'; call: string; queue: string }
    | { asked: Exclude<CallerAsk, 'claim'>; claim: string; call?: string | undefined }
  );

/** What the answers to callers tell of a claim: those of `/v1/claims`, and the flat ones of `/v1/route`. */
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

/** A line less what the ledger adds. */
type Told<Line = CallerLine> = Line extends Origin ? Omit<Line, keyof Origin> : never;

/**
 * The history that callers keep of what they asked and what they were told, by their own clock. `muster verify` judges
 * the promise by it, and holds what the instances wrote against it.
 */
export class CallersLedger {
  readonly file: string | undefined;
  readonly #journal: Journal | undefined;
  readonly #clock: typeof systemClock;

  /** @param file undefined: nothing is written. @throws Error if the file cannot be opened */
  constructor(file: string | undefined, clock = systemClock) {
    this.file = file;
    this.#clock = clock;
    this.#journal = file === undefined ? undefined : new Journal(file, createLog('error', '', 'callers'));
  }

  /** Asks, and writes down what came of it. @throws what `ask` throws: nobody answered */
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
      this.#tell({ ...common, phase: 'unanswered' }, region);
      throw error;
    }
    this.#tell({ ...common, phase: 'answered', ...toldBy(answer) }, region);
    return answer;
  }

  /** The interaction is over for that agent. To be called before anybody else can hear of it. */
  over(agent: string, call: string): void {
    this.#tell({ op: 'caller', phase: 'over', call, agent });
  }

  close(): void {
    this.#journal?.close();
  }

  #tell(line: Told, region = ''): void {
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

/** A flat answer names no region that granted but in the claim's id, and says no with a `reason`. */
function toldBy({ status, body }: HttpAnswer): Pick<CallerAnsweredLine, 'status'> & Partial<CallerAnsweredLine> {
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
