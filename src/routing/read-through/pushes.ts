import type { Facets } from '../../agent/facets.ts';
import { merge } from '../../agent/merge.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { PushAnswer } from '../../contract/events.ts';
import { InvalidPush, type PushedFact, type PushReader, type PushReading } from '../../platforms/platform.ts';
import type { Accepted } from '../../sync/flow/ingest.ts';
import { isOutage } from '../../sync/flow/outage.ts';
import type { Region } from '../region.ts';
import { Hints } from './hints.ts';

/** Outcome of a pushed fact, hint or record; `malformed` and `unauthenticated` also of a whole request. */
type PushOutcome = 'accepted' | 'known' | 'hint' | 'ignored' | 'malformed' | 'unauthenticated';

type PushRegion = Pick<Region, 'setAside' | 'config' | 'agents' | 'ingest' | 'readThrough' | 'metrics' | 'audit'>;

/**
 * Accepts what platforms push. No state is kept between pushes: every fact has the platform's own time and an id. So any instance
 * of any region can accept any push, and pushes that are repeated, late, or also received another way change nothing.
 */
export class Pushes {
  readonly #region: PushRegion;
  readonly #readers: ReadonlyMap<string, PushReader>;
  readonly #hints: Hints;

  /** @param readers by connection; connections without one accept no pushes */
  constructor(region: PushRegion, readers: ReadonlyMap<string, PushReader>) {
    this.#region = region;
    this.#readers = readers;
    this.#hints = new Hints(region.readThrough);
  }

  /** Whether the connection accepts pushes. */
  has(connection: string): boolean {
    return this.#readers.has(connection);
  }

  /**
   * Accepts the body of a push.
   * @throws InvalidPush if nothing was accepted; OutboxFull and ShardUnavailable if a part may be missing. Repeating is safe
   */
  async take(connection: string, body: unknown): Promise<PushAnswer> {
    const { facts, hints, ignored } = this.#read(connection, body);
    const byAgent = Map.groupBy(facts, ({ agentId }) => agentId);
    await Promise.all([...byAgent].map(([agentId, agentFacts]) => this.#accept(connection, agentId, agentFacts)));
    const hinted = new Set(hints);
    this.#hints.take(connection, [...hinted]);
    this.count(connection, 'hint', hinted.size);
    this.count(connection, 'ignored', ignored);
    return { accepted: facts.length, hints: hinted.size, ignored };
  }

  count(connection: string, outcome: PushOutcome, times = 1): void {
    if (times > 0) this.#region.metrics.pushes.inc({ connection, outcome }, times);
  }

  /** Stops the platform queries for change hints. */
  stop(): Promise<void> {
    return this.#hints.stop();
  }

  #read(connection: string, body: unknown): PushReading {
    const reader = this.#readers.get(connection);
    if (!reader) throw new Error(`connection ${connection} accepts no pushes`);
    try {
      return reader.read(body);
    } catch (error) {
      if (error instanceof InvalidPush) this.count(connection, 'malformed');
      throw error;
    }
  }

  /** Accepts the facts of one agent, in order. Facts that change nothing are not published. */
  async #accept(connection: string, agentId: string, facts: PushedFact[]): Promise<void> {
    const { agents, config, audit } = this.#region;
    let held: Facets | undefined = (await agents.get(agentId))?.facets;
    for (const fact of facts) {
      const report = fact.reportOn(held);
      if (!report || (held && merge(held, report.facets).changed.length === 0)) {
        this.count(connection, 'known');
        continue;
      }
      const accepted = await this.#acceptOne(connection, { ...report, region: config.region, source: 'push' });
      if (!accepted) continue;
      const { event, outcome } = accepted;
      const what = { agent: agentId, event: event.eventId, facets: Object.keys(event.facets), outcome };
      audit.record({ op: 'event', who: { platform: connection }, ...what });
      held = merge(held ?? {}, event.facets).facets;
      this.count(connection, 'accepted');
    }
  }

  /** @returns undefined if the event can never be accepted: it is set aside, and the rest of the push goes on */
  async #acceptOne(connection: string, event: AgentEvent): Promise<Accepted | undefined> {
    const { ingest, setAside } = this.#region;
    try {
      return await ingest.accept(event);
    } catch (error) {
      if (isOutage(error)) throw error;
      setAside.tell(event.agentId, error, 'connection', `a push to ${connection}`);
      this.count(connection, 'malformed');
      return undefined;
    }
  }
}
