import type { Witness } from '@muster/simulators/kit/witness';
import { type Clock, systemClock } from '../../src/ops/clock.ts';
import { Journal } from '../../src/ops/journal.ts';
import type { Origin } from '../../src/ops/line-origin.ts';
import { createLog } from '../../src/ops/log.ts';
import type { WorldLine, WorldSettings } from '../../src/ops/world-line.ts';
import type { CallersLedger } from '../callers/callers-ledger.ts';
import type { LinkReport, Weather } from '../weather/weather.ts';
import type { Convergence } from './convergence.ts';

/** A line less what the history adds. */
type Told<Line = WorldLine> = Line extends Origin ? Omit<Line, keyof Origin> : never;

const FACET_OF = { presence: 'presence', routingStatus: 'activity' } as const;

/**
 * The history that no instance can write: what the platforms knew, who could hear whom, who ran. `muster verify` needs
 * it to judge what the instances said.
 */
export class WorldHistory {
  readonly file: string;
  readonly #journal: Journal;
  readonly #clock: Clock;

  /** @throws Error if the file cannot be opened */
  constructor(file: string, clock = systemClock) {
    this.file = file;
    this.#clock = clock;
    this.#journal = new Journal(file, createLog('error', '', 'world'));
  }

  settings(settings: WorldSettings): void {
    this.#tell({ op: 'world', phase: 'settings', ...settings });
  }

  /** Sees what happens on the platform of a connection. @param ledger of those who call there: they know when a call is over */
  witness(connection: string, ledger?: CallersLedger): Witness {
    return {
      changed: ({ userId, what, value, atMs }) => {
        const agent = `${connection}:${userId}`;
        const facet = FACET_OF[what];
        this.#tell({ op: 'platform', phase: 'changed', connection, agent, facet, value, version_at: atMs });
      },
      ended: ({ userId, conversationId }) => ledger?.over(`${connection}:${userId}`, conversationId),
      answered: ({ token, status, forced }) => {
        const line = { op: 'platform', phase: 'request', connection, token, status } as const;
        this.#tell(forced ? { ...line, forced } : line);
      },
      notifies: (withinMs) => {
        this.#tell({ op: 'platform', phase: 'notifies', connection, within_ms: withinMs });
      },
    };
  }

  /** Tells how all links are, and every change of them. */
  follow(weather: Weather): void {
    for (const link of weather.links) this.weather(link.report());
    weather.on('change', (report) => this.weather(report));
  }

  weather({ a, b, state, latencyMs }: Omit<LinkReport, 'jitterMs'>): void {
    this.#tell({ op: 'weather', phase: 'changed', a, b, state, latency_ms: latencyMs });
  }

  /** The region takes nothing from the bus any more, or takes it again. */
  bus(region: string, phase: 'ignored' | 'taken'): void {
    this.#tell({ op: 'bus', phase }, region);
  }

  /** A master of the region's store has no replica that follows it, or all have one again. */
  store(region: string, phase: 'alone' | 'replicated'): void {
    this.#tell({ op: 'store', phase }, region);
  }

  /** The process of an instance begins. */
  began(region: string, instance: string): void {
    this.#tell({ op: 'instance', phase: 'started', instance }, region);
  }

  /** It has gone, in order or by force. */
  ended(region: string, instance: string): void {
    this.#tell({ op: 'instance', phase: 'ended', instance }, region);
  }

  /** Nobody calls any more, and no agent is at work. */
  drained(): void {
    this.#tell({ op: 'world', phase: 'drained' });
  }

  converged({ differing, differences }: Pick<Convergence, 'differing' | 'differences'>): void {
    this.#tell({ op: 'world', phase: 'converged', differing, examples: differences });
  }

  close(): void {
    this.#journal.close();
  }

  #tell(line: Told, region = ''): void {
    const origin: Origin = { t: this.#clock.monotonicMs(), at: this.#clock.nowMs(), region, process: 'world' };
    this.#journal.append({ ...origin, ...line } as WorldLine);
  }
}
