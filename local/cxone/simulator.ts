import type { AddressInfo } from 'node:net';
import { controlRoutes } from './control.ts';
import type { AgentStateId } from './dictionaries.ts';
import type { FaultActions, FaultSettings } from './faults.ts';
import { type Send, type SendAnswer, type UserState, userState, type WorldState } from './ground-truth.ts';
import { type Credentials, DEFAULTS, type SimulatorOptions } from './options.ts';
import { platformRoutes } from './rest.ts';
import { holdContact, setAgent, transferContact } from './scenario.ts';
import { httpServer } from './server.ts';
import { flip, type Switches } from './switches.ts';
import { buildWorld, type World } from './world.ts';

/** What somebody sets of an agent by hand. */
export interface UserChange {
  /** 0 logs out, 1 and 2 log in if need be, 3 to 8 only show that state. */
  agentStateId?: AgentStateId;
  /** With state 2: one of the unavailable codes, reserved ones too. */
  outStateId?: number;
  /** Whether the account is active. */
  isActive?: boolean;
}

/**
 * A CXone business unit on loopback: its login, its Real-Time Data and Admin API, agents who live their working day, and
 * the truth about who had room when a contact was sent to them.
 */
export interface CxoneSimulator {
  /** Issuer and API endpoint in one, e.g. `http://127.0.0.1:8200`. */
  readonly url: string;
  readonly credentials: Credentials;
  /** Sends a contact to an agent, as a script does. @throws UnknownAgent */
  send(send: Send): SendAnswer;
  state(): WorldState;
  /** The truth about one agent. @throws UnknownAgent */
  user(agentId: string): UserState;
  /** The truth about all of them, by agent id. */
  users(): UserState[];
  /** Sets an agent by hand; they stay so until they get work or are set again. @throws UnknownAgent */
  setUser(agentId: string, change: UserChange): UserState;
  /** Closes an account, as an administrator does. @throws UnknownAgent */
  deleteUser(agentId: string): void;
  /** Puts a contact on hold or takes it back. @throws UnknownContact */
  hold(contactId: number, isHeld: boolean): void;
  /** Passes a contact on to another agent. @throws UnknownContact @throws UnknownAgent */
  transfer(contactId: number, toAgentId: string): void;
  /** Lets running contacts end and nothing new begin. */
  pause(): void;
  resume(): void;
  /** Whoever called and has been answered hangs up now. */
  hangUp(): void;
  /** Changes the faults that are named; answers all of them. @throws InvalidFault */
  faults(changes: Partial<FaultSettings & FaultActions>): FaultSettings;
  /** Changes what is named of the platform's unknown ways; answers all of them. @throws InvalidSwitch */
  switches(changes: Partial<Switches>): Switches;
  /** Versions of the API that have been called. */
  versions(): string[];
  stop(): Promise<void>;
}

/** Starts a simulator; what is not given is as in `DEFAULTS`. */
export async function startCxoneSimulator(given: Partial<SimulatorOptions> = {}): Promise<CxoneSimulator> {
  const options = { ...DEFAULTS, ...given };
  const world = buildWorld(options);
  const app = httpServer(world);
  const simulator: CxoneSimulator = {
    get url() {
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    },
    credentials: options.credentials,
    ...hand(world),
    async stop() {
      world.timers.stop();
      await app.close();
    },
  };
  platformRoutes(app, world, options.requestsPerMinute);
  app.register((routes) => controlRoutes(routes, simulator), { prefix: '/simulator' });
  options.witness.notifies(world.feed.withinMs());
  await app.listen({ host: '127.0.0.1', port: options.port });
  if (options.paused) world.life.pause();
  world.life.start();
  return simulator;
}

/** What whoever runs the world can do to it. */
function hand(world: World): Omit<CxoneSimulator, 'url' | 'credentials' | 'stop'> {
  const { agents, groundTruth, life, faults, states, witness } = world;
  return {
    send: (send) => groundTruth.send(send, agents.get(send.userId)),
    state: () => groundTruth.state(),
    user: (agentId) => userState(agents.get(agentId), states),
    users: () => agents.all.map((agent) => userState(agent, states)),
    setUser(agentId, change) {
      const agent = agents.get(agentId);
      setAgent(agent, change, world);
      return userState(agent, states);
    },
    deleteUser: (agentId) => setAgent(agents.get(agentId), { isActive: false }, world),
    hold: (contactId, isHeld) => holdContact(contactId, isHeld, world),
    transfer: (contactId, toAgentId) => transferContact(contactId, agents.get(toAgentId), world),
    pause: () => life.pause(),
    resume: () => life.resume(),
    hangUp: () => life.hangUp(),
    faults({ expireTokens, ...settings }) {
      faults.set(settings);
      witness.notifies(world.feed.withinMs());
      if (expireTokens) world.tokens.expireAll();
      return { ...faults.settings };
    },
    switches(changes) {
      flip(world.switches, changes);
      if (Object.keys(changes).length > 0) for (const agent of agents.all) agents.changed(agent);
      return { ...world.switches };
    },
    versions: () => [...world.versions].sort(),
  };
}
