import type { Facets } from '../../agent/facets.ts';
import { merge } from '../../agent/merge.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { PushAnswer } from '../../contract/events.ts';
import { InvalidPush, type PushedFact, type PushReader, type PushReading } from '../../platforms/platform.ts';
import type { Accepted } from '../../sync/flow/ingest.ts';
import { isOutage } from '../../sync/flow/outage.ts';
import type { Region } from '../region.ts';
import { Hints } from './hints.ts';

/** What became of a fact, a hint or a record; of a request that was refused. */
type PushOutcome = 'accepted' | 'known' | 'hint' | 'ignored' | 'malformed' | 'unauthenticated';

type PushRegion = Pick<Region, 'setAside' | 'config' | 'agents' | 'ingest' | 'readThrough' | 'metrics' | 'audit'>;

/**
 * Takes what platforms push. Nothing is remembered between two pushes: every fact carries the platform's own time and a
 * name of its own, so any instance of any region takes any push, and one that comes twice, late, or by another way as
 * well changes nothing.
 */
export class Pushes {
  readonly #region: PushRegion;
  readonly #readers: ReadonlyMap<string, PushReader>;
  readonly #hints: Hints;

  /** @param readers by connection; one that is not here takes no pushes */
  constructor(region: PushRegion, readers: ReadonlyMap<string, PushReader>) {
    this.#region = region;
    this.#readers = readers;
    this.#hints = new Hints(region.readThrough);
  }

  /** Whether the connection takes pushes. */
  has(connection: string): boolean {
    return this.#readers.has(connection);
  }

  /**
   * Takes all of a body, or nothing.
   * @throws InvalidPush; OutboxFull and ShardUnavailable when not all of it could be taken: it may come again
   */
  async take(connection: string, body: unknown): Promise<PushAnswer> {
    const { facts, hints, ignored } = this.#read(connection, body);
    const byAgent = Map.groupBy(facts, ({ agentId }) => agentId);
    await Promise.all([...byAgent].map(([agentId, told]) => this.#accept(connection, agentId, told)));
    const hinted = new Set(hints);
    this.#hints.take(connection, [...hinted]);
    this.count(connection, 'hint', hinted.size);
    this.count(connection, 'ignored', ignored);
    return { accepted: facts.length, hints: hinted.size, ignored };
  }

  count(connection: string, outcome: PushOutcome, times = 1): void {
    if (times > 0) this.#region.metrics.pushes.inc({ connection, outcome }, times);
  }

  /** Ends what is asked of platforms. */
  stop(): Promise<void> {
    return this.#hints.stop();
  }

  #read(connection: string, body: unknown): PushReading {
    const reader = this.#readers.get(connection);
    if (!reader) throw new Error(`the connection ${connection} takes no pushes`);
    try {
      return reader.read(body);
    } catch (error) {
      if (error instanceof InvalidPush) this.count(connection, 'malformed');
      throw error;
    }
  }

  /** The facts of one agent, in order. What the store holds already is not told to the other regions again. */
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

  /** @returns undefined for what can never be accepted: it is set aside, and costs the rest of the push nothing */
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
