import type { AddressInfo } from 'node:net';
import { controlRoutes } from './control.ts';
import { userState } from './ground-truth.ts';
import type { CxoneSimulator } from './hand.ts';
import { DEFAULTS, type SimulatorOptions } from './options.ts';
import { platformRoutes } from './rest.ts';
import { holdContact, setAgent, transferContact } from './scenario.ts';
import { httpServer } from './server.ts';
import { flip } from './switches.ts';
import { buildWorld, type World } from './world.ts';

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
