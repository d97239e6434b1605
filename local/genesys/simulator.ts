import type { AddressInfo } from 'node:net';
import { InvalidFault } from '../simulator/faults.ts';
import type { RoutingStatus } from './agents.ts';
import { controlRoutes } from './control.ts';
import type { MediaType, Send } from './conversations.ts';
import type { FaultActions, FaultSettings } from './faults.ts';
import { type SendAnswer, type UserState, userState, type WorldState } from './ground-truth.ts';
import { type Credentials, DEFAULTS, type SimulatorOptions } from './options.ts';
import { builtInPresence, type SystemPresence } from './presences.ts';
import { platformRoutes } from './rest.ts';
import { httpServer } from './server.ts';
import { SEVERAL } from './utilization.ts';
import { buildWorld, type World } from './world.ts';

/**
 * A Genesys Cloud organisation on loopback: its login, REST API and notification sockets, agents who live their working
 * day, and the truth about who was free when an interaction was sent to them.
 */
export interface GenesysSimulator {
  /** Where login and API both answer, e.g. `http://127.0.0.1:8100`. */
  readonly url: string;
  readonly credentials: Credentials;
  /** Transfers a conversation to an agent, as a call flow would. @throws UnknownUser */
  send(send: Send): SendAnswer;
  /** Transfers a conversation to a queue, where it waits to be assigned to an agent. */
  wait(conversationId: string, mediaType?: MediaType, queueId?: string): void;
  /** Whether it waits there still. */
  isWaiting(conversationId: string): boolean;
  state(): WorldState;
  /** The truth about one agent. @throws UnknownUser */
  user(userId: string): UserState;
  /** Sets an agent by hand; they stay so until they get work or are set again. @throws UnknownUser */
  setUser(userId: string, change: UserChange): UserState;
  /** Deletes a user, as an administrator does; their state stays as it was. @throws UnknownUser */
  deleteUser(userId: string): void;
  /** Lets running interactions end and nothing new begin. */
  pause(): void;
  resume(): void;
  /** Whoever called and has been answered hangs up now. */
  hangUp(): void;
  /** Changes the faults that are named; answers all of them. @throws InvalidFault */
  faults(changes: Partial<FaultSettings & FaultActions>): FaultSettings;
  stop(): Promise<void>;
}

export interface UserChange {
  presence?: SystemPresence;
  routingStatus?: RoutingStatus;
  /** Of the queues the user is a member of. */
  joinedQueueIds?: string[];
  /** The only skill that an administrator leaves the user, by a name that may be anything. */
  skill?: string;
  /** Whether an administrator lets the user carry several interactions at once. */
  carriesSeveral?: boolean;
}

/** Starts a simulator; what is not given is as in `DEFAULTS`. */
export async function startGenesysSimulator(given: Partial<SimulatorOptions> = {}): Promise<GenesysSimulator> {
  const options = { ...DEFAULTS, ...given };
  const app = httpServer();
  const world = buildWorld(options, app.server);
  const simulator: GenesysSimulator = {
    get url() {
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    },
    credentials: options.credentials,
    ...hand(world),
    async stop() {
      world.timers.stop();
      world.sockets.stop();
      await app.close();
    },
  };
  platformRoutes(app, world);
  app.register((routes) => controlRoutes(routes, simulator), { prefix: '/simulator' });
  options.witness.notifies(world.notifications.lagMs());
  await app.listen({ host: '127.0.0.1', port: options.port });
  if (options.paused) world.life.pause();
  world.life.start();
  return simulator;
}

/** What whoever runs the world can do to it. */
function hand(world: World): Omit<GenesysSimulator, 'url' | 'credentials' | 'stop'> {
  const { agents, conversations, groundTruth, life, faults, witness } = world;
  return {
    send: (send) => groundTruth.send(send, agents.get(send.userId)),
    isWaiting: (conversationId) => conversations.waiting(conversationId) !== undefined,
    wait: (conversationId, mediaType = 'call', queueId) => conversations.wait(conversationId, mediaType, queueId),
    state: () => groundTruth.state(),
    user: (userId) => userState(agents.get(userId)),
    setUser(userId, { presence, routingStatus, joinedQueueIds, skill, carriesSeveral }) {
      const agent = agents.get(userId);
      life.leaveAlone(agent);
      if (joinedQueueIds) agents.setJoined(agent, joinedQueueIds);
      if (skill !== undefined) agent.user.skills = [{ skill: { id: userId, name: skill }, proficiency: 3 }];
      if (carriesSeveral !== undefined) agents.setUtilization(agent, carriesSeveral ? SEVERAL : undefined);
      if (presence) agents.setPresence(agent, builtInPresence(presence));
      if (routingStatus) agents.setRoutingStatus(agent, routingStatus);
      return userState(agent);
    },
    deleteUser(userId) {
      const agent = agents.get(userId);
      life.leaveAlone(agent);
      agent.isDeleted = true;
    },
    pause: () => life.pause(),
    resume: () => life.resume(),
    hangUp: () => life.hangUp(),
    faults({ closeSockets, announceClosing, revokeTokens, forgetChannels, ...settings }) {
      if (closeSockets !== undefined) checkCloseCode(closeSockets);
      faults.set(settings);
      if (announceClosing || closeSockets !== undefined || revokeTokens || forgetChannels) witness.notifies(null);
      witness.notifies(world.notifications.lagMs());
      if (announceClosing) world.sockets.announceClosing();
      if (closeSockets !== undefined) world.sockets.closeAll(closeSockets);
      if (revokeTokens) world.tokens.revokeAll();
      if (forgetChannels) for (const channel of world.channels.all) world.channels.end(channel);
      return { ...faults.settings };
    },
  };
}

function checkCloseCode(code: unknown): void {
  const standard = [1000, 1001, 1002, 1003, 1006, 1007, 1008, 1009, 1011, 1012, 1013];
  const valid = Number.isInteger(code) && (standard.includes(code as number) || /^[34]\d{3}$/.test(String(code)));
  if (!valid) throw new InvalidFault(`"closeSockets" takes a close code such as 1001, 1006 or 4000.`);
}
