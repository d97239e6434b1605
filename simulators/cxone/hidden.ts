import type { Agent } from './model.ts';
import type { World } from './world.ts';

/** Whether a role with restricted data access does not see the agent. The fault hides the last `hiddenAgents`. */
export function isHidden(agent: Agent, { org, faults }: Pick<World, 'org' | 'faults'>): boolean {
  const { hiddenAgents } = faults.settings;
  return hiddenAgents > 0 && org.employees.slice(-hiddenAgents).includes(agent.employee);
}
