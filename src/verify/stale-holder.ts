import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, mayConflict } from './claims.ts';
import { isSettle } from './read.ts';

/**
 * Judges settlements under a fence that is no longer the highest. A violation is proven if the newer grant was answered before the
 * settlement was requested.
 */
export function staleHolder(claims: Claims): Checker {
  const found = new Collected();
  return {
    name: 'stale-holder',
    invariant: 'No settlement succeeds on a unit of an agent that has since been granted with a higher fence.',
    see(line) {
      if (!isSettle(line)) return;
      const settled = claims.find(line);
      const isNewer = (claim: Claim) =>
        claim.unit === line.unit && claim.fence > line.fence && !(settled && mayConflict(claim, settled));
      const newer = claims.ofAgent(line.agent).find(isNewer);
      if (!newer) return;
      found.judged++;
      if (line.phase !== 'ok' || newer.grantedAt >= line.since) return;
      const what = `${line.op} of agent ${line.agent} with fence ${line.fence} succeeded after fence ${newer.fence} was granted`;
      found.add(what, [newer.place, line.place]);
    },
    finish: () => found,
  };
}
