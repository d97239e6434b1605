import { type Checker, Collected } from './checker.ts';
import { type Claims, mayMeet } from './claims.ts';

/** Proven when the newer grant had been answered before the settle was even asked for. */
export function staleHolder(claims: Claims): Checker {
  const found = new Collected();
  return {
    name: 'stale-holder',
    invariant: 'Nobody settles a claim of an agent who has since been granted with a higher fence.',
    see(line) {
      if (line.phase !== 'ok' || line.op === 'claim') return;
      found.judged++;
      const settled = claims.find(line);
      const newer = claims
        .ofAgent(line.agent)
        .find(
          (claim) => claim.fence > line.fence && claim.grantedAt < line.since && !(settled && mayMeet(claim, settled)),
        );
      if (!newer) return;
      const what = `${line.op} of agent ${line.agent} with fence ${line.fence} succeeded after fence ${newer.fence} was granted`;
      found.add(what, [newer.place, line.place]);
    },
    finish: () => found,
  };
}
