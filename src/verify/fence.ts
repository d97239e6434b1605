import { type Checker, Collected } from './checker.ts';
import { type Claims, mayConflict } from './claims.ts';

/** Concurrent grants have no order; of two ordered grants the later one must have the higher fence. */
export function fence(claims: Claims): Checker {
  const found = new Collected();
  return {
    name: 'fence',
    invariant: 'The fences of an agent grow from grant to grant.',
    see(_line, touched) {
      if (touched?.step !== 'granted') return;
      const { claim } = touched;
      const others = claims.ofAgent(claim.agent).filter((other) => other !== claim && !mayConflict(other, claim));
      if (others.length > 0) found.judged++;
      for (const other of others) {
        const isRepeated = other.fence === claim.fence;
        const isBehind = other.fence > claim.fence && other.grantedAt < claim.since;
        if (!isRepeated && !isBehind) continue;
        const how = isRepeated ? 'again' : `after fence ${other.fence}`;
        found.add(`agent ${claim.agent} was granted with fence ${claim.fence} ${how}, to call ${claim.call}`, [
          other.place,
          claim.place,
        ]);
        return;
      }
    },
    finish: () => found,
  };
}
