import type { ConvergedLine } from '../ops/world-line.ts';
import { type Checker, Collected } from './checker.ts';

const EXAMPLES = 3;

/** Judges the last comparison only: earlier differences had time to be repaired. */
export function convergence(): Checker {
  const found = new Collected();
  let last: (ConvergedLine & { place: string }) | undefined;
  return {
    name: 'convergence',
    invariant: 'In the end every region has the platform’s state of every agent.',
    see(line) {
      if (line.op !== 'world' || line.phase !== 'converged') return;
      found.judged++;
      last = line;
    },
    finish() {
      if (!last || last.differing === 0) return found;
      const examples = last.examples.slice(0, EXAMPLES).join('; ');
      found.add(`${last.differing} agents differed in the end, e.g. ${examples}`, [last.place]);
      return found;
    },
  };
}
