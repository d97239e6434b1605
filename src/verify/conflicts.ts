import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, mayMeet, named as nameOf } from './claims.ts';
import { type Overlap, Overlaps } from './overlaps.ts';

/** Where two claims overlapped by less than this, the clocks of two regions cannot tell, in ms. */
const TELLABLE_MS = 1000;

/**
 * Granting in a home's stead takes the risk of a double booking; it may be taken, but not be passed over in silence. The home
 * compares what it hears with the claim that it has: where that is not the first any more that the other met, it names the
 * later one, and the claim in its stead has been reported all the same.
 */
export function conflicts(claims: Claims): Checker {
  const found = new Collected();
  const met = new Map<string, { overlap: Overlap<Claim>; isTellable: boolean }>();
  const reported = new Set<string>();
  /** Claims of which it was reported that they met one that the home granted after the one they met first. */
  const named = new Map<string, number>();
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
      if (line.op === 'conflict') {
        reported.add(keyOf(line.agent, line.kept, line.lost));
        for (const [one, other] of [[line.kept, line.lost] as const, [line.lost, line.kept] as const]) {
          const key = keyOf(line.agent, one);
          named.set(key, Math.max(named.get(key) ?? 0, other.fence));
        }
      }
      if (touched?.step === 'ended') overlaps.ended(touched.claim);
      if (touched?.step !== 'granted' && touched?.step !== 'revived') return;
      overlaps.began(touched.claim, claims.rivals(touched.claim), line.t);
    },
    finish() {
      overlaps.finish();
      for (const [key, { overlap, isTellable }] of met) {
        const isReported = reported.has(key) || isNamed(named, overlap);
        if (isReported || isTellable) found.judged++;
        if (isReported || !isTellable) continue;
        const { first, second } = overlap;
        const what = `nobody reported that two claims on agent ${first.agent} met: ${nameOf(first)} and ${nameOf(second)}`;
        found.add(what, [first.place, second.place]);
      }
      return found;
    },
  };
}

/** Whether the one that was granted in the home's stead was reported with a claim that came after the one it met. */
function isNamed(named: ReadonlyMap<string, number>, { first, second }: Overlap<Claim>): boolean {
  return [
    [first, second],
    [second, first],
  ].some(([one, other]) => one?.verified && (named.get(keyOf(one.agent, one)) ?? 0) > (other?.fence ?? 0));
}

interface Party {
  fence: number;
  call: string | undefined;
}

/** Two regions that granted in a home's stead may have taken the same fence. */
function keyOf(agent: string, ...parties: Party[]): string {
  return [agent, ...parties.map(({ fence, call }) => `${fence} ${call}`).sort()].join('\n');
}
