import { type Checker, Collected } from './checker.ts';
import type { Claim, Claims } from './claims.ts';
import { Overlaps } from './overlaps.ts';

/**
 * A claim lives from its answer until its holder begins to give it up or the time it was promised is over; a confirm
 * or renewal of a lapsed one revives it.
 */
export function exclusive(claims: Claims): Checker {
  const found = new Collected();
  const overlaps = new Overlaps(({ first, second, at }) => {
    const left = Math.round(first.until - at);
    const what = `agent ${first.agent} was held by two: ${named(first)}, promised for ${left} ms more, when ${named(second)} began`;
    found.add(what, [first.place, second.place]);
  });
  return {
    name: 'exclusive',
    invariant: 'No agent is held by two claims at the same moment, over all regions.',
    see(line, touched) {
      if (touched?.step === 'ended') overlaps.ended(touched.claim);
      if (touched?.step !== 'granted' && touched?.step !== 'revived') return;
      found.judged++;
      overlaps.began(touched.claim, claims.ofAgent(touched.claim.agent), line.t);
    },
    finish() {
      overlaps.finish();
      return found;
    },
  };
}

function named({ call, fence, home, replicated }: Claim): string {
  const caution = replicated ? '' : ', unreplicated';
  return `call ${call ?? '(not told)'} (fence ${fence}${home ? `, granted by ${home}` : ''}${caution})`;
}
