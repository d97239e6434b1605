import type { EndedLine } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import type { Claims } from './claims.ts';
import { describeLedgerClaim, type Ledger, type LedgerClaim, promises } from './ledger.ts';
import type { Line } from './read.ts';
import { isLive } from './shelf.ts';

/**
 * Compares the servers' histories with the ledger. An instance writes a line before it answers, so its history must already
 * contain every claim that a caller received. A claim that a caller relies on may be ended only by the caller, or because the call
 * is over; any other end is the server's fault. The caller's line comes after the server's, so ends are judged when all lines
 * have been read.
 */
export function toldBy(ledger: Ledger, claims: Claims): Checker {
  const found = new Collected();
  const ends: { claim: LedgerClaim; line: Line }[] = [];
  const unexplained: { what: string; lines: string[] }[] = [];
  const asked = new Set<string>();
  const writing = new Set<string>();
  const seeAnswer = (line: Line & { op: 'caller' }) => {
    if (!promises(line)) return;
    found.judged++;
    asked.add(line.region);
    if (line.home !== undefined) asked.add(line.home);
    const known = claims.find(line);
    // A claim known only from settlements has no grant: grants are written before they are answered.
    if (known && known.unit === line.unit && known.home !== undefined) return;
    const what = `a caller received ${line.status} to the ${line.asked} of agent ${line.agent} (call ${line.call ?? 'unknown'}, fence ${line.fence}), but no server's history has the grant`;
    unexplained.push({ what, lines: [line.place] });
  };
  const seeEnd = (line: Line & EndedLine) => {
    const claim = ledger.find(line);
    if (!claim || !isLive(claim, line.t)) return;
    found.judged++;
    ends.push({ claim, line });
  };
  return {
    name: 'told',
    invariant: "Callers' answers match the servers' histories, and nothing else ended their claims.",
    see(line) {
      if (line.op === 'history') writing.add(line.region);
      if (line.op === 'caller') seeAnswer(line);
      if (isEnd(line)) seeEnd(line);
    },
    finish() {
      // Missing histories of asked regions may explain an answer.
      const isWhole = writing.size > 0 && [...asked].every((region) => writing.has(region));
      if (!isWhole) return new Collected();
      for (const { what, lines } of unexplained) found.add(what, lines);
      for (const { claim, line } of ends) {
        if (claim.isSuperseded || (claim.endedAt !== undefined && claim.endedAt <= line.t)) continue;
        const what = `${line.region} ended ${describeLedgerClaim(claim)} on agent ${claim.agent}, which its caller had not given up and whose call was not over`;
        found.add(what, [claim.place, line.place]);
      }
      return found;
    },
  };
}

const ENDS = new Set(['release', 'complete', 'lapse', 'supersede']);

/** Whether the line is the end of a claim according to an instance. */
function isEnd(line: Line): line is Line & EndedLine {
  return ENDS.has(line.op) && line.phase === 'ok';
}
