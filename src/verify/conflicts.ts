import { type Checker, Collected } from './checker.ts';
import { type Claim, type Claims, describeClaim, mayConflict } from './claims.ts';
import { type Overlap, Overlaps } from './overlaps.ts';

/** Shortest overlap that is judged, in ms: clocks of two regions differ. */
const CERTAIN_MS = 1000;

/**
 * A delegated grant may double-book an agent, but every such conflict must be reported. The home compares a delegated grant with
 * the claim that it has at that time. That may be a later claim than the one that overlapped first; then the report names the
 * later one, which counts too.
 */
export function conflicts(claims: Claims): Checker {
  const found = new Collected();
  const met = new Map<string, { overlap: Overlap<Claim>; isCertain: boolean }>();
  const reported = new Set<string>();
  /** Claims in reports, with the highest fence of the claims they are reported with. */
  const named = new Map<string, number>();
  const overlaps = new Overlaps<Claim>((overlap) => {
    const { first, second, at } = overlap;
    const endedAt = Math.min(first.endedAt ?? first.until, second.endedAt ?? second.until);
    const isCertain = endedAt - at > CERTAIN_MS;
    if (mayConflict(first, second)) met.set(keyOf(first.agent, first, second), { overlap, isCertain });
  });
  return {
    name: 'conflicts',
    invariant: 'Every overlap of a delegated grant with another claim was reported.',
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
      for (const [key, { overlap, isCertain }] of met) {
        const isReported = reported.has(key) || isNamed(named, overlap);
        if (isReported || isCertain) found.judged++;
        if (isReported || !isCertain) continue;
        const { first, second } = overlap;
        const what = `two claims on agent ${first.agent} overlapped without a report: ${describeClaim(first)} and ${describeClaim(second)}`;
        found.add(what, [first.place, second.place]);
      }
      return found;
    },
  };
}

/** Whether the delegated grant of an overlap was reported with a later claim than the one it overlapped. */
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

/** Includes the call, because two delegated grants may have the same fence. */
function keyOf(agent: string, ...parties: Party[]): string {
  return [agent, ...parties.map(({ fence, call }) => `${fence} ${call}`).sort()].join('\n');
}
