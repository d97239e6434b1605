import { type Claim, claimsOf } from '../../src/agent/facets.ts';
import { digitalUnits, lockOf, VOICE } from '../../src/agent/status.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import type { Considered } from '../../src/store/queues.ts';
import type { Change } from '../../src/store/store.ts';
import type { Actor } from './acts.ts';

/** Times that a store's own clock gave. */
const BY_THE_CLOCK_MS = 1_000_000_000_000;
const A_MOMENT_MS = 60_000;

/** What a store answers, without what only one run can know: fences by their order, times of the clock by what is left. */
export class Comparable {
  readonly #actor: Actor;
  /** By agent: the fences that the store's clock gave, in order. */
  readonly #fences = new Map<string, number[]>();

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  of(value: unknown): unknown {
    const { agentId } = (value ?? {}) as { agentId?: string };
    return this.#plain(value, agentId ?? '');
  }

  /** Everything that the store holds. */
  async everything(): Promise<unknown> {
    const { d, agentIds, callIds } = this.#actor;
    const records = await d.agents.getAll(d.name, agentIds);
    const found = [...records].map(([agentId, record]) => [agentId, this.record(agentId, record)]);
    const entries = await Promise.all(callIds.map((callId) => d.store.calls.entryOf(d.name, callId)));
    const changes = (await d.store.changes.after(d.name, '0-0', 1000)) as Change[];
    const lapsed = await d.store.calls.lapsed(d.name, 100);
    const listed = await d.agents.after(d.name, '', 100);
    return {
      records: found,
      calls: entries.map((entry) => entry && { ...entry, fence: this.#fence(entry.agentId, entry.fence) }),
      changes: changes.map(({ agentId, claim }) => [agentId, claim && this.#claim(agentId, claim)]),
      lapsed: lapsed.map(({ agentId, unit }) => `${agentId} ${unit}`).sort(),
      listed: listed.map(([agentId]) => agentId),
      repaired: (await d.store.align(d.name, async () => undefined)).repaired,
    };
  }

  record(agentId: string, record: AgentRecord): unknown {
    const { facets, home, holdMs, arrivalMs } = record;
    const { claim: _, digitalClaims: __, ...words } = facets;
    const units = [VOICE, ...digitalUnits(facets).map(({ name }) => name)];
    const locks = units.map((unit) => [unit, this.#left(lockOf(record, unit))]).filter(([, left]) => left !== 'none');
    const claims = Object.fromEntries(
      claimsOf(facets).map((claim) => [claim.unit ?? VOICE, this.#claim(agentId, claim)]),
    );
    return {
      home,
      hold: this.#left(holdMs),
      arrival: this.#time(arrivalMs),
      words,
      locks: Object.fromEntries(locks),
      claims,
    };
  }

  #claim(agentId: string, { fence, untilMs, completedAtMs, ...claim }: Claim): unknown {
    const until = this.#left(untilMs);
    return { ...claim, fence: this.#fence(agentId, fence), until, completed: this.#time(completedAtMs) };
  }

  #plain(value: unknown, agentId: string): unknown {
    if (Array.isArray(value)) return value.map((each) => this.of(each));
    if (typeof value !== 'object' || value === null) return value;
    if ('facets' in value) {
      const record = value as AgentRecord;
      return this.record(agentId || this.#ownerOf(record), record);
    }
    const { clockMs: _, versionBefore, fence, tally, lapsed, considered, ...rest } = value as Record<string, unknown>;
    const fields = Object.entries(rest).map(([name, each]) => [name, this.#plain(each, agentId)]);
    return {
      ...Object.fromEntries(fields),
      ...(versionBefore !== undefined && { isWrittenOver: versionBefore !== '0' }),
      ...(fence !== undefined && { fence: this.#fence(agentId, Number(fence)) }),
      ...(considered !== undefined && { considered: this.of((considered as Considered[]).filter(isOpen).sort(byId)) }),
      ...(tally !== undefined && { tally: told(tally as Record<string, number>) }),
      ...(lapsed !== undefined && { lapsed: this.#claim(agentId, lapsed as Claim) }),
    };
  }

  /** A settlement's answer does not name its agent, but a profile does. */
  #ownerOf({ facets }: AgentRecord): string {
    return facets.profile?.name ?? '';
  }

  #fence(agentId: string, fence: number): string | number {
    if (fence < BY_THE_CLOCK_MS) return fence;
    const name = agentId.split(':').at(-1) ?? '';
    const known = this.#fences.get(name) ?? [];
    if (!known.includes(fence)) known.push(fence);
    this.#fences.set(name, known);
    return `fence ${known.indexOf(fence)}`;
  }

  #left(ms: number): string {
    if (ms === 0) return 'none';
    // Locks are for an hour, or over in a moment.
    return ms > this.#actor.d.store.nowMs() + A_MOMENT_MS ? 'held' : 'over';
  }

  #time(ms: number): number | string {
    return ms < BY_THE_CLOCK_MS ? ms : 'by the clock';
  }
}

/** Each store has its own way through a queue. */
const byId = (one: Considered, other: Considered): number => (one.agentId < other.agentId ? -1 : 1);
/** Who is taken may stand where no walk comes. */
const isOpen = ({ obstacle }: Considered): boolean => obstacle !== 'claimed' && obstacle !== 'held';

/** An agent who is held may be met in line or at its end: both are taken. */
function told({ seen: _, held = 0, claimed = 0, ...others }: Record<string, number>): Record<string, number> {
  return { ...others, taken: held + claimed };
}
