import type { AgentReadLine, EventAcceptedLine, EventHandledLine, FacetVersions } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import type { Line } from './read.ts';
import { compareFacet, Registers } from './versions.ts';

interface OpenEvent {
  event: string;
  agent: string;
  versions: FacetVersions;
  /** The region that accepted it. */
  home: string;
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
 *
 * An event and its message are written in one step. A failover may take both, if no replica had them: that is no loss, unless the
 * home shows later that it still has the event. What another region was told is lost if the home shows later that it has not.
 */
export function delivered({ regions, graceMs }: DeliveredOptions): Checker {
  const open = new Map<string, OpenEvent>();
  const registers = new Registers();
  const homes = new Homes();
  const found = new Collected();
  let sweepAt = SWEEP_AT_LEAST;
  let lastT = 0;

  const settle = (key: string, event: OpenEvent) => {
    for (const region of event.missing) {
      if (registers.cover(region, event.agent, event.versions)) event.missing.delete(region);
    }
    if (event.missing.size === 0) open.delete(key);
  };
  const accept = ({ event, agent, versions, region, t, place }: EventAcceptedLine & { place: string }) => {
    found.judged++;
    const key = keyOf(event, agent);
    const known = open.get(key);
    const more = { missing: new Set(regions), deadLetters: [] };
    const opened = known ?? { event, agent, versions, home: region, t, place, ...more };
    open.set(key, opened);
    settle(key, opened);
    if (open.size < sweepAt) return;
    for (const [openKey, openEvent] of open) settle(openKey, openEvent);
    sweepAt = Math.max(SWEEP_AT_LEAST, 2 * open.size);
  };
  const see = (line: Line) => {
    lastT = line.t;
    if (line.op === 'agent' && line.region === line.home) homes.seeAnswer(line);
    if (line.op !== 'event') return;
    if (line.phase === 'accepted') return accept(line);
    const key = keyOf(line.event ?? '', line.agent ?? '');
    const event = open.get(key);
    if (line.phase === 'dead_letter') {
      event?.deadLetters.push(line.place);
      return;
    }
    homes.seeOutcome(line);
    registers.raise(line.region, line.agent, line.versions, line.t, line.place);
    event?.missing.delete(line.region);
    if (event?.missing.size === 0) open.delete(key);
  };
  const finish = () => {
    for (const [key, event] of open) {
      settle(key, event);
      if (event.missing.size === 0 || event.t > lastT - graceMs) continue;
      if (isUntold(event) && homes.mayHaveLost(event)) continue;
      const detail = event.deadLetters.length > 0 ? ', a dead letter there' : '';
      const what = `event ${event.event} of agent ${event.agent} never reached ${[...event.missing].join(', ')}${detail}`;
      found.add(what, [event.place, ...event.deadLetters]);
    }
    for (const { agent, facet, told, answer } of homes.lacking(lastT - graceMs)) {
      const what = `${told.region} was told ${facet} of agent ${agent} (event ${told.event}), which its home ${answer.region} has not`;
      found.add(what, [told.place, answer.place]);
    }
    return found;
  };
  /** Whether no region but its own has an outcome. */
  const isUntold = ({ missing, home }: OpenEvent) => regions.every((region) => region === home || missing.has(region));
  return {
    name: 'delivered',
    invariant: 'Every accepted event, or a newer one that covers it, reaches every region, its own included.',
    see,
    finish,
  };
}

function keyOf(event: string, agent: string): string {
  return `${event}\n${agent}`;
}

type Outcome = Line & EventHandledLine;
type Answer = Line & AgentReadLine;

/** What a region was told by the home of an agent. */
interface Told {
  event: string;
  region: string;
  versions: FacetVersions;
  t: number;
  place: string;
}

/** The facets whose versions only their own reports replace: a tombstone removes them, a floor removes interactions. */
const LASTING = ['profile', 'presence', 'activity'] as const;

/** What homes say of their agents, and what other regions were told. */
class Homes {
  /** Events of which their home said that no replica has them. */
  readonly #unreplicated = new Set<string>();
  /** By agent and facet: the highest version that another region than the home was told. */
  readonly #told = new Map<string, Map<string, Told>>();
  /** By agent: the last answer of its home that lacks what others were told, or that has it. */
  readonly #answers = new Map<string, Answer>();

  seeOutcome(line: Outcome): void {
    const { event, agent, region, from, via, versions } = line;
    if (region === from && via === 'local' && line.phase === 'applied') {
      if (line.replicated === false) this.#unreplicated.add(keyOf(event, agent));
      else this.#unreplicated.delete(keyOf(event, agent));
    }
    // The home has it, or has it again.
    if (region === from) {
      this.#answers.delete(agent);
      return;
    }
    this.#unreplicated.delete(keyOf(event, agent));
    this.#tell(line, versions);
  }

  seeAnswer(line: Answer): void {
    this.#answers.set(line.agent, line);
  }

  /** Whether a failover may have taken an event together with its message. Not if its home answered with it in the end. */
  mayHaveLost({ event, agent, versions, t }: OpenEvent): boolean {
    if (!this.#unreplicated.has(keyOf(event, agent))) return false;
    const answer = this.#answers.get(agent);
    return answer === undefined || answer.t <= t || !covers(answer.versions, versions);
  }

  /** The facets that were told elsewhere before `t`, and that the last answer of the home has only in a lower version. */
  *lacking(t: number): Generator<{ agent: string; facet: string; told: Told; answer: Answer }> {
    for (const [agent, answer] of this.#answers) {
      for (const [facet, told] of this.#told.get(agent) ?? []) {
        const [has, wanted] = [answer.versions[facet], told.versions[facet]];
        const isLower = has !== undefined && wanted !== undefined && compareFacet(facet, has, wanted) < 0;
        if (isLower && told.t < answer.t && told.t <= t) yield { agent, facet, told, answer };
      }
    }
  }

  #tell({ event, agent, region, t, place }: Outcome, versions: FacetVersions): void {
    const told = this.#told.get(agent) ?? new Map<string, Told>();
    this.#told.set(agent, told);
    for (const facet of LASTING) {
      const version = versions[facet];
      const before = told.get(facet)?.versions[facet];
      if (version && (!before || compareFacet(facet, version, before) > 0))
        told.set(facet, { event, region, versions, t, place });
    }
  }
}

const covers = (held: FacetVersions, versions: FacetVersions): boolean =>
  Object.entries(versions).every(([facet, version]) => {
    const has = held[facet];
    return has !== undefined && compareFacet(facet, has, version) >= 0;
  });
