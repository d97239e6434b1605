import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, mayMeet, named } from './claims.ts';
import { type Overlap, Overlaps } from './overlaps.ts';

/** Where two claims overlapped by less than this, the clocks of two regions cannot tell, in ms. */
const TELLABLE_MS = 1000;

/** Granting in a home's stead takes the risk of a double booking; it may be taken, but not be passed over in silence. */
export function conflicts(claims: Claims): Checker {
  const found = new Collected();
  const met = new Map<string, { overlap: Overlap<Claim>; isTellable: boolean }>();
  const reported = new Set<string>();
  const overlaps = new Overlaps<Claim>((overlap) => {
    const { first, second, at } = overlap;
    const endedAt = Math.min(first.endedAt ?? first.until, second.endedAt ?? second.until);
    const isTellable = endedAt - at > TELLABLE_MS;
    if (mayMeet(first, second)) met.set(keyOf(first.agent, first, second), { overlap, isTellable });
  });
  return {
    name: 'conflicts',
    invariant: 'Where a claim in a home’s stead overlapped another, somebody reported that they met.',
    see(line, touched) {
      if (line.op === 'conflict') reported.add(keyOf(line.agent, line.kept, line.lost));
      if (touched?.step === 'ended') overlaps.ended(touched.claim);
      if (touched?.step !== 'granted' && touched?.step !== 'revived') return;
      overlaps.began(touched.claim, claims.rivals(touched.claim), line.t);
    },
    finish() {
      overlaps.finish();
      for (const [key, { overlap, isTellable }] of met) {
        const isReported = reported.has(key);
        if (isReported || isTellable) found.judged++;
        if (isReported || !isTellable) continue;
        const { first, second } = overlap;
        const what = `nobody reported that two claims on agent ${first.agent} met: ${named(first)} and ${named(second)}`;
        found.add(what, [first.place, second.place]);
      }
      return found;
    },
  };
}

interface Party {
  fence: number;
  call: string | undefined;
}

/** Two regions that granted in a home's stead may have taken the same fence. */
function keyOf(agent: string, ...parties: [Party, Party]): string {
  return [agent, ...parties.map(({ fence, call }) => `${fence} ${call}`).sort()].join('\n');
}
