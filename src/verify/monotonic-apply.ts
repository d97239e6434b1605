import { type Checker, Collected } from './checker.ts';
import { compareFacet, Registers } from './versions.ts';

/**
 * Proven when each higher version was known to be applied, and to outlive a failover, before this one was handed to the
 * store. Compares with the highest version only, so where that one was itself under way at the time, a lower one before
 * it goes unnoticed.
 */
export function monotonicApply(): Checker {
  const registers = new Registers();
  const found = new Collected();
  return {
    name: 'monotonic-apply',
    invariant: 'In no region does an applied event take an agent back to older facets.',
    see(line) {
      if (line.op !== 'event' || line.phase !== 'applied') return;
      const { region, agent, versions, since, t, place } = line;
      found.judged++;
      const newer = Object.entries(versions).map(([facet, version]) => {
        const held = registers.of(region, agent, facet);
        return held && held.t < since && compareFacet(facet, held.version, version) > 0 ? held.place : undefined;
      });
      if (line.replicated !== false) registers.raise(region, agent, versions, t, place);
      const places = newer.filter((other) => other !== undefined);
      if (places.length === 0 || places.length < newer.length) return;
      const facets = Object.keys(versions).join(', ');
      found.add(`${region} applied event ${line.event} to agent ${agent} although it held a newer ${facets}`, [
        ...new Set(places),
        place,
      ]);
    },
    finish: () => found,
  };
}
