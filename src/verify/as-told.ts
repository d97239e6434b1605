import { type Checker, Collected } from './checker.ts';
import { describeLedgerClaim, type LedgerClaim } from './ledger.ts';
import type { Line } from './read.ts';
import type { Surroundings } from './surroundings.ts';

interface Refused {
  claim: LedgerClaim;
  line: Line & { op: 'caller'; phase: 'answered' };
  leftMs: number;
  /** `replicated` of the answer before. */
  replicated: boolean | undefined;
}

/**
 * `claim_ended` means that the claim was ended under this fence, which neither a failover nor another region's grant does. Other
 * refusals are accepted for `authority: verify` and for claims without a replica; otherwise they are judged too. A request to
 * give the claim up may be answered after the refusal, so all refusals are judged at the end.
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
    invariant: 'A claim does not end for its caller before its promised end, unless the caller ended it.',
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
        const what = `${line.asked} of ${describeLedgerClaim(claim)} on agent ${claim.agent} was answered with ${line.code ?? line.state}, ${Math.round(leftMs)} ms before its promised end`;
        found.add(what, [claim.place, line.place]);
      }
      return found;
    },
  };
}
