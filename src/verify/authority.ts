import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * A home writes its line before it answers, so that line precedes the line of the asking region. Claims are not judged if the
 * agent's home is unknown, or the home wrote no history.
 */
export function authority(surroundings: Surroundings): Checker {
  const found = new Collected();
  const writing = new Set<string>();
  return {
    name: 'authority',
    invariant:
      'Claims are granted by the agent’s home, or on its behalf if the connection allows it and the claim says so.',
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
          found.add(`${home} granted ${claim} on its home's behalf, against the policy`, [place]);
      } else if (terms && terms.home !== home) {
        found.add(`${home} granted ${claim}, whose home is ${terms.home}`, [place]);
      } else if (touched?.step === 'granted' && region !== home && writing.has(home)) {
        found.add(`${region} was given ${claim} by ${home}, which never granted that`, [place]);
      }
    },
    finish: () => found,
  };
}
