import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, mayMeet, named } from './claims.ts';
import { Overlaps } from './overlaps.ts';

/**
 * A claim lives from its answer until its holder begins to give it up or the time it was promised is over; a confirm
 * or renewal of a lapsed one revives it. Claims granted in a home's stead are the matter of `conflicts`.
 */
export function exclusive(claims: Claims): Checker {
  const found = new Collected();
  const overlaps = new Overlaps<Claim>(({ first, second, at }) => {
    if (mayMeet(first, second)) return;
    const left = Math.round(first.until - at);
    const what = `agent ${first.agent} was held by two: ${named(first)}, promised for ${left} ms more, when ${named(second)} began`;
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
