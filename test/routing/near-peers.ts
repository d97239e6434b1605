import type { Settlement } from '../../src/agent/claim.ts';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import { claim } from '../../src/routing/claims/claim.ts';
import { getClaim, settle } from '../../src/routing/claims/settle.ts';
import type { AskedClaim, HomeAnswer } from '../../src/routing/peers/home.ts';
import { Refusal } from '../../src/routing/refusal.ts';
import type { Region } from '../../src/routing/region.ts';
import { NotReplicated } from '../../src/store/written.ts';

/**
 * The other regions within the same process: what HTTP carries is carried as JSON.
 *
 * - `answers`: it does as asked, and its answer is heard
 * - `away`: it is not reached, and known not to be
 * - `mute`: it does as asked, and its answer is lost
 */
export class NearPeers {
  readonly others = new Map<string, Region>();
  way: 'answers' | 'away' | 'mute' = 'answers';
  /** Called before and after each answer: time may pass on the way. */
  onTheWay: () => void = () => undefined;
  /** How long it takes to answer, in ms. */
  withinMs = 0;
  /** What it answers to anything instead of what it knows. */
  instead: HomeAnswer | undefined;
  /** What was asked, e.g. `claim away:1`. */
  readonly asked: string[] = [];
  /** What is answered to reads; undefined: nothing. */
  onRead: (region: string, path: string, tokens: string, deadlineMs: number) => Promise<unknown> = async () =>
    undefined;
  readonly #here: string;

  constructor(here: string) {
    this.#here = here;
  }

  isReachable(): boolean {
    return this.way !== 'away';
  }

  isCutOff(): boolean {
    return this.way === 'away';
  }

  answersWithinMs(): number {
    return this.way === 'away' ? Number.POSITIVE_INFINITY : this.withinMs;
  }

  claim(home: string, { proposes, ...asked }: AskedClaim, budgetMs: number): Promise<HomeAnswer> {
    const request = { ...asked, proposes, budgetMs, explain: false, askedBy: this.#here };
    return this.#ask(`claim ${proposes}`, home, (region) => claim(region, request));
  }

  settle(home: string, claimId: string, settlement: Settlement, budgetMs: number): Promise<HomeAnswer> {
    return this.#ask(`${settlement} at ${home}`, home, async (region) => {
      const options = { budgetMs, askedBy: this.#here };
      return { claim: await settle(region, claimId, settlement, options), again: true };
    });
  }

  async claimOf(granter: string, claimId: string): Promise<ClaimAnswer | undefined> {
    const region = this.others.get(granter);
    this.asked.push(`claim of ${granter}`);
    return region && this.way === 'answers' ? asJson(await getClaim(region, claimId)) : undefined;
  }

  read(region: string, path: string, tokens: string, deadlineMs: number): Promise<unknown> {
    this.asked.push(`read ${path}`);
    return this.onRead(region, path, tokens, deadlineMs);
  }

  async #ask(
    what: string,
    home: string,
    work: (region: Region) => Promise<{ claim: ClaimAnswer; again: boolean }>,
  ): Promise<HomeAnswer> {
    this.asked.push(what);
    const region = this.others.get(home);
    if (this.instead) return this.instead;
    if (!region || this.way === 'away') return { kind: 'unreachable' };
    this.onTheWay();
    const answer = await work(region).then((done): HomeAnswer => ({ kind: 'granted', ...done }), asProblem);
    this.onTheWay();
    return this.way === 'mute' ? { kind: 'unknown' } : asJson(answer);
  }
}

function asProblem(error: unknown): HomeAnswer {
  if (error instanceof NotReplicated) return { kind: 'problem', status: 503, code: 'not_replicated', detail: '' };
  if (!(error instanceof Refusal)) throw error;
  const { code, message: detail, agent, claim: held, home } = error;
  const more = { ...(agent && { agent }), ...(held && { claim: held }), ...(home !== undefined && { home }) };
  return { kind: 'problem', status: 409, code, detail, ...more };
}

const asJson = <T>(value: T): T => JSON.parse(JSON.stringify(value));
