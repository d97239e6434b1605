import type { EventAcceptedLine, FacetVersions } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import type { Line } from './read.ts';
import { Registers } from './versions.ts';

interface OpenEvent {
  event: string;
  agent: string;
  versions: FacetVersions;
  t: number;
  place: string;
  /** Regions without an outcome. */
  missing: Set<string>;
  /** Lines in which a region made it a dead letter. */
  deadLetters: string[];
}

interface DeliveredOptions {
  /** Regions that must receive every event. */
  regions: readonly string[];
  /** Events accepted less than this before the end of the history may still be under way, in ms. */
  graceMs: number;
}

const SWEEP_AT_LEAST = 10_000;

/**
 * Any outcome means that the region holds the event's versions or higher ones. So an event without an outcome is covered if all
 * of its facets are covered by other events; if only some are, it is lost.
 */
export function delivered({ regions, graceMs }: DeliveredOptions): Checker {
  const open = new Map<string, OpenEvent>();
  const registers = new Registers();
  const found = new Collected();
  let sweepAt = SWEEP_AT_LEAST;
  let lastT = 0;

  const settle = (key: string, event: OpenEvent) => {
    for (const region of event.missing) {
      if (registers.cover(region, event.agent, event.versions)) event.missing.delete(region);
    }
    if (event.missing.size === 0) open.delete(key);
  };
  const accept = ({ event, agent, versions, t, place }: EventAcceptedLine & { place: string }) => {
    found.judged++;
    const key = keyOf(event, agent);
    const known = open.get(key);
    const opened = known ?? { event, agent, versions, t, place, missing: new Set(regions), deadLetters: [] };
    open.set(key, opened);
    settle(key, opened);
    if (open.size < sweepAt) return;
    for (const [openKey, openEvent] of open) settle(openKey, openEvent);
    sweepAt = Math.max(SWEEP_AT_LEAST, 2 * open.size);
  };
  const see = (line: Line) => {
    lastT = line.t;
    if (line.op !== 'event') return;
    if (line.phase === 'accepted') return accept(line);
    const key = keyOf(line.event ?? '', line.agent ?? '');
    const event = open.get(key);
    if (line.phase === 'dead_letter') {
      event?.deadLetters.push(line.place);
      return;
    }
    registers.raise(line.region, line.agent, line.versions, line.t, line.place);
    event?.missing.delete(line.region);
    if (event?.missing.size === 0) open.delete(key);
  };
  const finish = () => {
    for (const [key, event] of open) {
      settle(key, event);
      if (event.missing.size === 0 || event.t > lastT - graceMs) continue;
      const detail = event.deadLetters.length > 0 ? ', a dead letter there' : '';
      const what = `event ${event.event} of agent ${event.agent} never reached ${[...event.missing].join(', ')}${detail}`;
      found.add(what, [event.place, ...event.deadLetters]);
    }
    return found;
  };
  return {
    name: 'delivered',
    invariant: 'Every accepted event, or a newer one that covers it, reaches every region.',
    see,
    finish,
  };
}

function keyOf(event: string, agent: string): string {
  return `${event}\n${agent}`;
}
