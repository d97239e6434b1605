import type { Witness } from '@muster/simulators/kit/witness';
import { type Clock, systemClock } from '../../src/ops/clock.ts';
import { Journal } from '../../src/ops/journal.ts';
import type { Origin } from '../../src/ops/line-origin.ts';
import { createLog } from '../../src/ops/log.ts';
import type { WorldLine, WorldSettings } from '../../src/ops/world-line.ts';
import type { CallersLedger } from '../callers/callers-ledger.ts';
import type { LinkReport, Weather } from '../weather/weather.ts';
import type { Convergence } from './convergence.ts';

/** A line without the fields that the history adds. */
type Unstamped<Line = WorldLine> = Line extends Origin ? Omit<Line, keyof Origin> : never;

const FACET_OF = { presence: 'presence', routingStatus: 'activity' } as const;

/**
 * The history that no instance can write: the true states on platforms, the state of links, and the instances that ran.
 * `muster verify` needs it to judge the histories of instances.
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
    this.#write({ op: 'world', phase: 'settings', ...settings });
  }

  /** Observes the platform of a connection. @param ledger of the callers, who must know when a call is over */
  witness(connection: string, ledger?: CallersLedger): Witness {
    return {
      changed: ({ userId, what, value, atMs }) => {
        const agent = `${connection}:${userId}`;
        const facet = FACET_OF[what];
        this.#write({ op: 'platform', phase: 'changed', connection, agent, facet, value, version_at: atMs });
      },
      ended: ({ userId, conversationId }) => ledger?.over(`${connection}:${userId}`, conversationId),
      answered: ({ token, status, forced }) => {
        const line = { op: 'platform', phase: 'request', connection, token, status } as const;
        this.#write(forced ? { ...line, forced } : line);
      },
      notifies: (withinMs) => {
        this.#write({ op: 'platform', phase: 'notifies', connection, within_ms: withinMs });
      },
    };
  }

  /** Records the state of all links, and every change. */
  follow(weather: Weather): void {
    for (const link of weather.links) this.weather(link.report());
    weather.on('change', (report) => this.weather(report));
  }

  weather({ a, b, state, latencyMs }: Omit<LinkReport, 'jitterMs'>): void {
    this.#write({ op: 'weather', phase: 'changed', a, b, state, latency_ms: latencyMs });
  }

  /** Records that the region has stopped reading the bus, or reads it again. */
  bus(region: string, phase: 'ignored' | 'taken'): void {
    this.#write({ op: 'bus', phase }, region);
  }

  /** Records that a master of the region's store has no replica that follows it, or that all have one again. */
  store(region: string, phase: 'alone' | 'replicated'): void {
    this.#write({ op: 'store', phase }, region);
  }

  /** Records that an instance's process began. */
  began(region: string, instance: string): void {
    this.#write({ op: 'instance', phase: 'started', instance }, region);
  }

  /** Records that it ended, in order or by force. */
  ended(region: string, instance: string): void {
    this.#write({ op: 'instance', phase: 'ended', instance }, region);
  }

  /** Records that calls have ended and no agent is at work. */
  drained(): void {
    this.#write({ op: 'world', phase: 'drained' });
  }

  converged({ differing, differences }: Pick<Convergence, 'differing' | 'differences'>): void {
    this.#write({ op: 'world', phase: 'converged', differing, examples: differences });
  }

  close(): void {
    this.#journal.close();
  }

  #write(line: Unstamped, region = ''): void {
    const origin: Origin = { t: this.#clock.monotonicMs(), at: this.#clock.nowMs(), region, process: 'world' };
    this.#journal.append({ ...origin, ...line } as WorldLine);
  }
}
