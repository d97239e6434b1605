import { type Clock, systemClock } from '../kit/clock.ts';
import { Timers } from '../kit/timers.ts';
import type { Witness } from '../kit/witness.ts';
import { Agents } from './agents.ts';
import { Contacts } from './contacts.ts';
import { Faults } from './faults.ts';
import { Feed } from './feed.ts';
import { GroundTruth } from './ground-truth.ts';
import { Handling } from './handling.ts';
import { CxoneLife } from './life.ts';
import { HABITS, type SimulatorOptions, TIMINGS } from './options.ts';
import { buildOrg, type Org } from './org.ts';
import { States } from './states.ts';
import { flip, SWITCHES, type Switches } from './switches.ts';
import { Tokens } from './tokens.ts';

/** Everything the simulator consists of, apart from its HTTP routes. */
export interface World {
  /** The platform's clock, which a fault can shift. */
  clock: Clock;
  timers: Timers;
  faults: Faults;
  switches: Switches;
  org: Org;
  tokens: Tokens;
  agents: Agents;
  contacts: Contacts;
  states: States;
  feed: Feed;
  handling: Handling;
  life: CxoneLife;
  groundTruth: GroundTruth;
  witness: Witness;
  /** Versions of the API that have been called, e.g. `v34.0`. */
  versions: Set<string>;
}

/** Assembles the parts. Agents do not act yet. @throws InvalidFault @throws InvalidSwitch */
export function buildWorld(options: SimulatorOptions, realClock: Clock = systemClock): World {
  const { seed, witness } = options;
  const habits = { ...HABITS, ...options.habits };
  const timings = { ...TIMINGS, ...options.timings };
  const switches = { ...SWITCHES };
  flip(switches, options.switches);
  const timers = new Timers();
  const faults = new Faults(options.faults, seed);
  const clock: Clock = {
    nowMs: () => realClock.nowMs() + faults.settings.clockSkewMs,
    monotonicMs: realClock.monotonicMs,
  };
  const org = buildOrg(options);
  const tokens = new Tokens({ ...options, timings }, org, switches, clock);
  const states = new States(switches, clock, witness);
  const agents = new Agents(org, seed, {
    clock,
    timers,
    codeTimeoutMs: timings.codeTimeoutMs,
    changed: (agent) => {
      states.changed(agent);
      feed.changed(agent);
    },
  });
  const feed = new Feed(agents.all, (agent) => states.of(agent), { seed, clock, timers, faults, timings });
  const contacts = new Contacts(clock, timers);
  const handling = new Handling(agents, contacts, clock, ({ conversationId }, { employee }) =>
    witness.ended({ userId: String(employee.agentId), conversationId }),
  );
  const life = new CxoneLife(agents, handling, habits, timers);
  const groundTruth = new GroundTruth(org, { agents, contacts, handling, life, clock });
  const parts = { agents, contacts, states, feed, handling, life, groundTruth };
  return { clock, timers, faults, switches, org, tokens, ...parts, witness, versions: new Set() };
}
