import type { LocalConnection } from '../../connection.ts';
import type { UserState } from '../../genesys/ground-truth.ts';
import type { LocalRegion } from '../../region.ts';
import type { World } from '../../world.ts';
import { gained, granted } from './ask.ts';
import { demand, type Stage } from './stage.ts';
import { duration, each } from './words.ts';

const ENOUGH = 5;

/** A step: calls arrive, and so many of each of these regions (default: all) are given an agent from now on. */
export async function callsGetAgents(
  stage: Stage,
  world: World,
  name: string,
  regions: readonly LocalRegion[] = world.regions,
): Promise<void> {
  await stage.step(name, async (say) => {
    world.callers.start();
    const before = granted(world);
    const { seen, afterMs } = await stage.until(
      `${ENOUGH} claims granted for callers of each of ${regions.map((region) => region.name).join(', ')}`,
      () => gained(granted(world), before),
      (gain) => regions.every((region) => (gain[region.name] ?? 0) >= ENOUGH),
    );
    say('claims granted', each(seen));
    say('within', duration(afterMs));
  });
}

/** An agent who waits for a call on the platform, and none of those. @throws Unmet if there is none */
export function someoneIdle(connection: LocalConnection, noneOf: readonly string[] = []): UserState {
  const { organisation, simulator, name } = connection;
  const others = organisation.userIds.filter((id) => !noneOf.includes(connection.agentId(id)));
  const idle = others.map((id) => simulator.user(id)).find(({ available }) => available);
  demand(idle !== undefined, `nobody is idle at ${name}`);
  return idle;
}
