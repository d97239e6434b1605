import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, describeClaim, mayConflict } from './claims.ts';
import { Overlaps } from './overlaps.ts';

/**
 * A claim is live from its answer until its holder begins to give it up or its promised time is over; a confirm or renewal
 * revives a lapsed one. Delegated grants are judged by `conflicts`.
 */
export function exclusive(claims: Claims): Checker {
  const found = new Collected();
  const overlaps = new Overlaps<Claim>(({ first, second, at }) => {
    if (mayConflict(first, second)) return;
    const left = Math.round(first.until - at);
    const what = `agent ${first.agent} was held by two: ${describeClaim(first)}, promised for ${left} ms more, when ${describeClaim(second)} began`;
    found.add(what, [first.place, second.place]);
  });
  return {
    name: 'exclusive',
    invariant: 'No agent is held by two claims at the same moment on one unit of capacity, over all regions.',
    see(line, touched) {
      if (touched?.step === 'ended') overlaps.ended(touched.claim);
      if (touched?.step !== 'granted' && touched?.step !== 'revived') return;
      found.judged++;
      overlaps.began(touched.claim, claims.rivals(touched.claim), line.t);
    },
    finish() {
      overlaps.finish();
      return found;
    },
  };
}
