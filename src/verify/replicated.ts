import { type Checker, Collected } from './checker.ts';
import { isDone } from './ledger.ts';
import type { Surroundings } from './surroundings.ts';

/** Judges every answer that says yes, where the settings of the world say `claims.replication: refuse`. */
export function replicated(surroundings: Surroundings): Checker {
  const found = new Collected();
  return {
    name: 'replicated',
    invariant: 'Under `claims.replication: refuse` no caller is told yes of what no replica holds.',
    see(line) {
      if (line.op !== 'caller' || line.phase !== 'answered' || !isDone(line)) return;
      found.judged++;
      if (line.replicated !== false) return;
      const whose = `agent ${line.agent ?? '(not told)'} (call ${line.call ?? 'not told'}, fence ${line.fence ?? 'not told'})`;
      found.add(`${line.asked} of ${whose} was answered with ${line.status}, replicated: false`, [line.place]);
    },
    finish: () => (surroundings.settings?.replication === 'refuse' ? found : new Collected()),
  };
}
