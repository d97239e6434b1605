import type { Cut } from '../agent/event.ts';
import type { LogFields } from '../ops/log.ts';
import type { EventCodeAt } from '../ops/log-events/catalogue.ts';
import type { PlatformContext } from './platform.ts';

/** Truncated data of all agents of a connection at present. */
interface CutOfAll extends Cut {
  /** Number of agents with truncated data. */
  agents: number;
}

interface SurplusReport {
  cut?: CutOfAll;
  /** Times without a time zone since the start; they were ignored. */
  zonelessTimes?: number;
}

/**
 * Counts truncated data of a platform's agents, which did not fit into a record, and times without a time zone. Both are
 * logged once per kind and shown in the connection's report.
 */
export class Surplus {
  readonly #context: Pick<PlatformContext, 'count' | 'log'>;
  readonly #agents = new Map<string, Cut>();
  readonly #logged = new Set<string>();
  #zonelessTimes = 0;

  constructor(context: Pick<PlatformContext, 'count' | 'log'>) {
    this.#context = context;
  }

  /** Called for every new profile of an agent, also if nothing was cut. */
  note(agentId: string, cut: Cut): void {
    const { queues, skills, texts } = cut;
    if (queues + skills + texts === 0) {
      this.#agents.delete(agentId);
      return;
    }
    const before = this.#agents.get(agentId);
    this.#agents.set(agentId, cut);
    for (const kind of ['queues', 'skills', 'texts'] as const) {
      if (cut[kind] === 0 || cut[kind] === before?.[kind]) continue;
      this.#context.count('cut', kind);
      this.#logOnce(kind, { agent: agentId, queues, skills, texts }, CUT_EVENTS[kind]);
    }
  }

  /** Forgets an agent who is gone. */
  forget(agentId: string): void {
    this.#agents.delete(agentId);
  }

  /** Counts a time without a time zone, which was ignored. @param field that held it */
  zoneless(field: string): void {
    this.#zonelessTimes += 1;
    this.#context.count('zoneless_time', field);
    this.#logOnce('times', { field }, 'platform_time_without_zone');
  }

  /** Part of the connection's report; empty if everything fitted and was read. */
  report(): SurplusReport {
    return {
      ...(this.#agents.size > 0 && { cut: this.#sum() }),
      ...(this.#zonelessTimes > 0 && { zonelessTimes: this.#zonelessTimes }),
    };
  }

  #sum(): CutOfAll {
    const all: CutOfAll = { agents: this.#agents.size, queues: 0, skills: 0, texts: 0 };
    for (const { queues, skills, texts } of this.#agents.values()) {
      all.queues += queues;
      all.skills += skills;
      all.texts += texts;
    }
    return all;
  }

  #logOnce(kind: string, fields: LogFields, event: EventCodeAt<'warn'>): void {
    if (this.#logged.has(kind)) return;
    this.#logged.add(kind);
    this.#context.log.warn(event, fields);
  }
}

const CUT_EVENTS = { queues: 'agent_queues_cut', skills: 'agent_skills_cut', texts: 'agent_text_cut' } as const;
