import { type Checker, Collected } from './checker.ts';
import { type Claims, mayMeet } from './claims.ts';

/** Grants whose answers crossed on their way have no order; of two that have one, the later must have more. */
export function fence(claims: Claims): Checker {
  const found = new Collected();
  return {
    name: 'fence',
    invariant: 'The fences of an agent grow from grant to grant.',
    see(_line, touched) {
      if (touched?.step !== 'granted') return;
      const { claim } = touched;
      const others = claims.ofAgent(claim.agent).filter((other) => other !== claim && !mayMeet(other, claim));
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
