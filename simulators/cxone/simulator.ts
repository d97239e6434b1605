import { startSimulator } from '../kit/simulator.ts';
import { cxoneControlRoutes } from './control.ts';
import { userState } from './ground-truth.ts';
import type { CxoneControls, CxoneSimulator } from './interface.ts';
import { DEFAULTS, type SimulatorOptions } from './options.ts';
import { platformRoutes } from './rest.ts';
import { holdContact, setAgent, transferContact } from './scenario.ts';
import { httpServer } from './server.ts';
import { flip } from './switches.ts';
import { buildWorld, type World } from './world.ts';

/** Starts a simulator; options that are not given are as in `DEFAULTS`. */
export async function startCxoneSimulator(given: Partial<SimulatorOptions> = {}): Promise<CxoneSimulator> {
  const options = { ...DEFAULTS, ...given };
  const world = buildWorld(options);
  const app = httpServer(world);
  platformRoutes(app, world, options.requestsPerMinute);
  const parts = {
    app,
    timers: world.timers,
    startLife: () => world.life.start(world.agents.all),
    lagMs: world.feed.withinMs(),
  };
  return startSimulator(parts, options, controlsOf(world), cxoneControlRoutes);
}

function controlsOf(world: World): CxoneControls {
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
