/** The time in which a claim holds its agent, according to the lines so far; `t` in ms. */
export interface Span {
  /** Latest promised end. */
  until: number;
  /** When its holder began to give it up; undefined before. */
  endedAt: number | undefined;
}

interface Archived extends Span {
  agent: string;
  fence: number;
  call: string | undefined;
  /** When it was first seen. */
  grantedAt: number;
}

/** How long after its end a late answer may still mention a claim, in ms. */
const REMEMBERED_MS = 10 * 60_000;
const SWEEP_AT_LEAST = 10_000;

/** Whether the claim held its agent at `t`. */
export function isLive({ endedAt, until }: Span, t: number): boolean {
  return endedAt === undefined && until > t;
}

/** Claims by agent and by call: those that are live, those of the last ten minutes and the highest fence of each agent. */
export class ClaimArchive<Claim extends Archived> {
  readonly #byAgent = new Map<string, Claim[]>();
  readonly #byCall = new Map<string, Claim[]>();
  #size = 0;
  #sweepAt = SWEEP_AT_LEAST;

  ofAgent(agent: string): readonly Claim[] {
    return this.#byAgent.get(agent) ?? [];
  }

  ofCall(call: string): readonly Claim[] {
    return this.#byCall.get(call) ?? [];
  }

  /** @param t now: claims that ended long before are forgotten */
  add(claim: Claim, t: number): void {
    if (this.#size >= this.#sweepAt) this.#sweep(t - REMEMBERED_MS);
    push(this.#byAgent, claim.agent, claim);
    if (claim.call !== undefined) push(this.#byCall, claim.call, claim);
    this.#size++;
  }

  #sweep(before: number): void {
    const isGone = (claim: Claim) => Math.max(claim.endedAt ?? claim.until, claim.grantedAt) < before;
    for (const [call, claims] of this.#byCall) keepOnly(this.#byCall, call, claims, (claim) => !isGone(claim));
    this.#size = 0;
    for (const [agent, claims] of this.#byAgent) {
      const highest = claims.reduce((max, { fence }) => Math.max(max, fence), 0);
      const kept = keepOnly(this.#byAgent, agent, claims, (claim) => claim.fence === highest || !isGone(claim));
      this.#size += kept;
    }
    this.#sweepAt = Math.max(SWEEP_AT_LEAST, 2 * this.#size);
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

function keepOnly<T>(map: Map<string, T[]>, key: string, values: T[], keep: (value: T) => boolean): number {
  const kept = values.filter(keep);
  if (kept.length === 0) map.delete(key);
  else if (kept.length < values.length) map.set(key, kept);
  return kept.length;
}
