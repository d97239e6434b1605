import { Wrong } from './ledger.ts';
import { isBefore, type Known, type Place, placeOf, qualifies, type Rules, type Wish } from './oracle.ts';

/** The time in which a store decided, by its clock. It may look at agents one after the other. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** Somebody who could be given. */
interface Candidate {
  agentId: string;
  place: Place;
  /** Whether the agent could be given all the time, and not only in a part of it. */
  isCertain: boolean;
}

interface Case {
  agents: ReadonlyMap<string, Known>;
  wish: Wish;
  /** Agents who have refused the call. */
  declined: ReadonlySet<string>;
  rules: Rules;
  span: Span;
}

/** Everybody who could be given to a request, by a full scan. */
export function candidatesOf({ agents, wish, declined, rules, span }: Case): Candidate[] {
  return [...agents].flatMap(([agentId, known]): Candidate[] => {
    const could = [span.fromMs, span.toMs].map((nowMs) => qualifies(agentId, known, wish, nowMs));
    if (!could.includes(true)) return [];
    const place = placeOf(known, wish, declined.has(agentId), rules, span.toMs);
    return [{ agentId, place, isCertain: !could.includes(false) }];
  });
}

/** "Nobody" is a fact. */
export function demandNobody(candidates: Candidate[]): void {
  const [one] = candidates.filter(({ isCertain }) => isCertain);
  if (one) throw new Wrong(`none, but ${one.agentId} qualifies: ${JSON.stringify(one.place)}`);
}

/** The agents who were given qualify, are in order, and nobody before them was left out. */
export function demandBest(agentIds: string[], candidates: Candidate[]): void {
  const given = agentIds.map((agentId) => {
    const candidate = candidates.find((each) => each.agentId === agentId);
    if (!candidate) throw new Wrong(`${agentId} was given, who does not qualify`);
    return candidate;
  });
  if (new Set(agentIds).size < agentIds.length) throw new Wrong(`somebody was given twice: ${agentIds}`);
  for (const [i, { agentId, place }] of given.entries()) {
    const rest = candidates.filter((each) => each.isCertain && !agentIds.slice(0, i + 1).includes(each.agentId));
    const better = rest.find((each) => isBefore(each.place, place));
    if (!better) continue;
    const places = JSON.stringify([place, better.place]);
    throw new Wrong(`${agentId} was given, but ${better.agentId} comes before: ${places}`);
  }
}
