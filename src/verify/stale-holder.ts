import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, mayMeet } from './claims.ts';
import { isSettle } from './read.ts';

/**
 * Judges whoever comes with a fence that is not the highest any more. Proven when the newer grant had been answered
 * before the settle was even asked for.
 */
export function staleHolder(claims: Claims): Checker {
  const found = new Collected();
  return {
    name: 'stale-holder',
    invariant: 'Nobody settles a claim of an agent who has since been granted with a higher fence, unit by unit.',
    see(line) {
      if (!isSettle(line)) return;
      const settled = claims.find(line);
      const isNewer = (claim: Claim) =>
        claim.unit === line.unit && claim.fence > line.fence && !(settled && mayMeet(claim, settled));
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
