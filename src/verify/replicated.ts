import { type Checker, Collected } from './checker.ts';
import { isDone } from './ledger.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Judges every answer that says yes, where the settings of the world say `claims.replication: refuse`. A copy says that it
 * promises nothing, and must say, too, that no replica is known to have it.
 */
export function replicated(surroundings: Surroundings): Checker {
  const found = new Collected();
  return {
    name: 'replicated',
    invariant: 'Under `claims.replication: refuse` no caller is told yes of what no replica holds.',
    see(line) {
      if (line.op !== 'caller' || line.phase !== 'answered' || !isDone(line)) return;
      found.judged++;
      const isHonest = line.mode === 'copy' ? line.replicated !== true : line.replicated !== false;
      if (isHonest) return;
      const whose = `agent ${line.agent ?? '(not told)'} (call ${line.call ?? 'not told'}, fence ${line.fence ?? 'not told'})`;
      found.add(`${line.asked} of ${whose} was answered with ${line.status}, replicated: ${line.replicated}`, [
        line.place,
      ]);
    },
    finish: () => (surroundings.settings?.replication === 'refuse' ? found : new Collected()),
  };
}
