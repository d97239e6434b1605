import type { EndedLine } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import type { Claims } from './claims.ts';
import { type Ledger, promises, type ToldClaim, told } from './ledger.ts';
import type { Line } from './read.ts';
import { isLive } from './shelf.ts';

/**
 * Holds the servers' own histories against the ledger. An instance writes a line before its answer leaves, so what a
 * caller was told stands there already; and a claim that a caller still relied on was ended by somebody: by the caller,
 * or because the call was over. An end that a server shows and nobody asked for is the server's own doing. The caller's
 * line of its request stands below the server's, so ends are decided when all lines have been seen.
 */
export function toldBy(ledger: Ledger, claims: Claims): Checker {
  const found = new Collected();
  const ends: { claim: ToldClaim; line: Line }[] = [];
  const untold: { what: string; lines: string[] }[] = [];
  const asked = new Set<string>();
  const writing = new Set<string>();
  const seeAnswer = (line: Line & { op: 'caller' }) => {
    if (!promises(line)) return;
    found.judged++;
    asked.add(line.region);
    if (line.home !== undefined) asked.add(line.home);
    const known = claims.find(line);
    // One that instances first spoke of when it was settled was never granted: a grant is written before it is told.
    if (known && known.unit === line.unit && known.home !== undefined) return;
    const what = `a caller was told ${line.status} to the ${line.asked} of agent ${line.agent} (call ${line.call ?? 'not told'}, fence ${line.fence}), whose grant no server's history shows`;
    untold.push({ what, lines: [line.place] });
  };
  const seeEnd = (line: Line & EndedLine) => {
    const claim = ledger.find(line);
    if (!claim || !isLive(claim, line.t)) return;
    found.judged++;
    ends.push({ claim, line });
  };
  return {
    name: 'told',
    invariant: "What callers were told is what the servers' histories say, and nothing else ended their claims.",
    see(line) {
      if (line.op === 'history') writing.add(line.region);
      if (line.op === 'caller') seeAnswer(line);
      if (isEnd(line)) seeEnd(line);
    },
    finish() {
      // Without the histories of all who were asked, an answer that nothing explains may be explained there.
      const isWhole = writing.size > 0 && [...asked].every((region) => writing.has(region));
      if (!isWhole) return new Collected();
      for (const { what, lines } of untold) found.add(what, lines);
      for (const { claim, line } of ends) {
        if (claim.isSuperseded || (claim.endedAt !== undefined && claim.endedAt <= line.t)) continue;
        const what = `${line.region} ended ${told(claim)} on agent ${claim.agent}, which its caller had not given up and whose call was not over`;
        found.add(what, [claim.place, line.place]);
      }
      return found;
    },
  };
}

const ENDS = new Set(['release', 'complete', 'lapse', 'supersede']);

/** Whether an instance tells that a claim has ended. */
function isEnd(line: Line): line is Line & EndedLine {
  return ENDS.has(line.op) && line.phase === 'ok';
}
