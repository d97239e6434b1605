import { type Checker, Collected } from './checker.ts';
import { isDone } from './ledger.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Judges every successful answer if the world's settings have `claims.replication: refuse`. An answer from a copy promises nothing
 * and must not claim to be replicated.
 */
export function replicated(surroundings: Surroundings): Checker {
  const found = new Collected();
  return {
    name: 'replicated',
    invariant: 'Under `claims.replication: refuse` no request succeeds without a replica’s acknowledgement.',
    see(line) {
      if (line.op !== 'caller' || line.phase !== 'answered' || !isDone(line)) return;
      found.judged++;
      const isHonest = line.mode === 'copy' ? line.replicated !== true : line.replicated !== false;
      if (isHonest) return;
      const subject = `agent ${line.agent ?? '(unknown)'} (call ${line.call ?? 'unknown'}, fence ${line.fence ?? 'unknown'})`;
      found.add(`${line.asked} of ${subject} was answered with ${line.status}, replicated: ${line.replicated}`, [
        line.place,
      ]);
    },
    finish: () => (surroundings.settings?.replication === 'refuse' ? found : new Collected()),
  };
}
