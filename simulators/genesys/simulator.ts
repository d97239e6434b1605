import { InvalidFault } from '../kit/faults.ts';
import { startSimulator } from '../kit/simulator.ts';
import { genesysControlRoutes } from './control.ts';
import { userState } from './ground-truth.ts';
import type { GenesysControls, GenesysSimulator } from './interface.ts';
import { DEFAULTS, type SimulatorOptions } from './options.ts';
import { builtInPresence } from './presences.ts';
import { platformRoutes } from './rest.ts';
import { httpServer } from './server.ts';
import { SEVERAL } from './utilization.ts';
import { buildWorld, type World } from './world.ts';

/** Starts a simulator; options that are not given are as in `DEFAULTS`. */
export async function startGenesysSimulator(given: Partial<SimulatorOptions> = {}): Promise<GenesysSimulator> {
  const options = { ...DEFAULTS, ...given };
  const app = httpServer();
  const world = buildWorld(options, app.server);
  platformRoutes(app, world);
  const parts = {
    app,
    timers: world.timers,
    startLife: () => world.life.start(world.agents.all),
    stop: () => world.sockets.stop(),
    lagMs: world.notifications.lagMs(),
  };
  return startSimulator(parts, options, controlsOf(world), genesysControlRoutes);
}

function controlsOf(world: World): GenesysControls {
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
