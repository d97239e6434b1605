import { type Checker, Collected } from './checker.ts';
import { type ToldClaim, told } from './ledger.ts';
import type { Line } from './read.ts';
import type { Surroundings } from './surroundings.ts';

interface Refused {
  claim: ToldClaim;
  line: Line & { op: 'caller'; phase: 'answered' };
  leftMs: number;
  /** What the answer before had said of replicas. */
  replicated: boolean | undefined;
}

/**
 * `claim_ended` says that somebody ended the claim under that very fence: neither a failover nor another region's grant
 * does. The other refusals are the price of `authority: verify`, and of claims that no replica holds; they are judged
 * where neither was the case. A request to give the claim up may be answered after the refusal, so all is decided in
 * the end.
 */
export function asTold(surroundings: Surroundings): Checker {
  const found = new Collected();
  const refused: Refused[] = [];
  const isJudged = ({ claim, replicated, line: { code } }: Refused) => {
    if (claim.verified || claim.isSuperseded) return false;
    if (code === 'claim_ended') return true;
    return replicated !== false && surroundings.authorityOf(claim.agent) === 'refuse';
  };
  return {
    name: 'as-told',
    invariant: 'A claim is not over for its caller before the end that was promised, unless the caller ended it.',
    see(line, _touched, heard) {
      if (heard?.step === 'kept') found.judged++;
      if (heard?.step !== 'refused' || !heard.wasHeld || line.op !== 'caller' || line.phase !== 'answered') return;
      const { claim } = heard;
      refused.push({ claim, line, leftMs: claim.until - line.t, replicated: claim.replicated });
    },
    finish() {
      for (const each of refused.filter(isJudged)) {
        const { claim, line, leftMs } = each;
        found.judged++;
        if (claim.endedAt !== undefined && claim.endedAt < line.t) continue;
        const what = `${line.asked} of ${told(claim)} on agent ${claim.agent} was answered with ${line.code ?? line.state}, ${Math.round(leftMs)} ms before its promised end`;
        found.add(what, [claim.place, line.place]);
      }
      return found;
    },
  };
}
