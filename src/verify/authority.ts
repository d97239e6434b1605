import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * A home writes its line before its answer leaves, so that stands above the line of whoever asked it. What is not known
 * is not held against anybody: which region is whose home, and regions that wrote no history.
 */
export function authority(surroundings: Surroundings): Checker {
  const found = new Collected();
  const writing = new Set<string>();
  return {
    name: 'authority',
    invariant:
      'Agents are granted by their home, or in its stead where the connection allows it and the claim says so.',
    see(line, touched) {
      writing.add(line.region);
      if (line.op !== 'claim' || line.phase !== 'ok') return;
      found.judged++;
      const { agent, fence, call, home, region, mode, place } = line;
      const claim = `agent ${agent} (call ${call}, fence ${fence})`;
      const connection = surroundings.connectionOf(agent);
      const terms = connection === undefined ? undefined : surroundings.settings?.connections[connection];
      if (mode === 'verified') {
        if (terms?.authority === 'refuse')
          found.add(`${home} granted ${claim} in its home's stead, against the policy`, [place]);
      } else if (terms && terms.home !== home) {
        found.add(`${home} granted ${claim}, whose home is ${terms.home}`, [place]);
      } else if (touched?.step === 'granted' && region !== home && writing.has(home)) {
        found.add(`${region} was given ${claim} by ${home}, which never granted that`, [place]);
      }
    },
    finish: () => found,
  };
}
