import { type Checker, Collected } from './checker.ts';
import { compareFacet, Registers } from './versions.ts';

/**
 * A violation is proven if each higher version was applied and replicated before this one was passed to the store. Compares only
 * with the highest version: if that one was still under way at the time, an earlier one goes unnoticed.
 */
export function monotonicApply(): Checker {
  const registers = new Registers();
  const found = new Collected();
  return {
    name: 'monotonic-apply',
    invariant: 'No applied event replaces newer facets of an agent by older ones.',
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
