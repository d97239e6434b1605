import type { ClaimReply } from '../queues.ts';
import { agentsKey, callsKey, changesKey, commonSkillsKey, endsKey, facetsKey, rosterKey } from '../record/record.ts';
import { type Script, scripts } from './scripts.ts';

/** Requests that one script call can serve together: how their arguments are composed, and their answers told apart. */
export interface ScriptBatch<Request, Answer> {
  script: Script;
  /** Requests with the same name may share a call. */
  name: string;
  /** A key of the slot that all keys are in. */
  key: string;
  /** Most requests in one call: more would occupy Redis for more than a millisecond. */
  most: number;
  compose(requests: Request[]): { keys: string[]; args: string[] };
  /** The answers, in the order of the requests. An `Error` concerns only its own request. */
  read(reply: unknown, requests: Request[]): (Answer | Error)[];
}

/** What a request requires of an agent; `walk.lua` describes the parts. */
export interface Requirements {
  skills?: [name: string, least: string, key: number][];
  pass_over?: Record<string, string>;
  vouched?: Record<string, 1>;
  explain?: boolean;
}

/** A claim as `claim.lua` reads it, with keys instead of their numbers. */
export interface Wanted extends Omit<Requirements, 'skills'> {
  line: string;
  /** Required skills, and the keys of those who have them. */
  skills?: [name: string, least: string, holders: string][];
  call: string;
  name: string;
  wish: string;
  lock_ms: number;
  hold_ms: number;
  excluded?: Record<string, 1>;
  only?: string;
  instead?: Record<string, 1>;
  cursor?: string;
}

type RawAnswer = [
  verdict: ClaimReply['verdict'] | 'more',
  agentId: string,
  header: string,
  fence: string,
  versionBefore: string,
  tally?: string,
  considered?: string[][],
  lapsedOrCursor?: string,
];

export interface ClaimAnswer {
  clock: string;
  answer: RawAnswer;
}

const MOST_CLAIMS = 64;

/** Claims of a domain. @param surplusMs bonus for 100 levels of skill surplus, in ms */
export function claimsIn(domain: string, region: string, surplusMs: number): ScriptBatch<Wanted, ClaimAnswer> {
  const keys = [agentsKey, callsKey, changesKey, endsKey, commonSkillsKey].map((keyOf) => keyOf(domain));
  return {
    ...{ script: scripts.claim, name: `claim ${domain}`, key: keys[0] as string, most: MOST_CLAIMS },
    compose(requests) {
      const lines = new Numbered();
      const claims = requests.map(({ line, skills, ...claim }) => ({
        ...claim,
        queue: lines.numberOf(line),
        ...(skills && { skills: skills.map(([name, least, holders]) => [name, least, lines.numberOf(holders)]) }),
      }));
      return { keys: [...keys, ...lines.all], args: [JSON.stringify({ region, surplus_ms: surplusMs, claims })] };
    },
    read(reply, requests) {
      const [clock, ...answers] = reply as [string, ...RawAnswer[]];
      return requests.map((_, i) => failureIn(answers[i]) ?? { clock, answer: answers[i] as RawAnswer });
    },
  };
}

/** A commit as `commit.lua` reads it, with the keys of its queues, and the facets as text. */
export interface Commit {
  id: string;
  version: string;
  header: string;
  facets?: string;
  stays: string[];
  enters: string[];
  leaves: string[];
  /** Skills that change, with the keys of those who have them. */
  gains: [holders: string, skill: string][];
  loses: [holders: string, skill: string][];
  remaining: [unit: string, remainingMs: number][];
  claims: string[];
  calls: [call: string, fence: string, endReason: string][];
}

const MOST_COMMITS = 50;

/** Commits of a domain's records. */
export function commitsIn(domain: string, region: string): ScriptBatch<Commit, string[]> {
  const keys = [agentsKey, facetsKey, callsKey, changesKey, rosterKey, endsKey, commonSkillsKey].map((keyOf) =>
    keyOf(domain),
  );
  return {
    ...{ script: scripts.commit, name: `commit ${domain}`, key: keys[0] as string, most: MOST_COMMITS },
    compose(requests) {
      const lines = new Numbered();
      const texts: string[] = [];
      const commits = requests.map(({ id, version, header, facets, ...lists }) => {
        if (facets !== undefined) texts.push(facets);
        const { stays, enters, leaves, gains, loses, ...others } = lists;
        const [staysIn, entersInto, leavesOut] = [stays, enters, leaves].map((each) =>
          each.map((key) => lines.numberOf(key)),
        );
        const [gained, lost] = [gains, loses].map((each) => each.map(([key, skill]) => [lines.numberOf(key), skill]));
        const parts = { ...others, stays: staysIn, enters: entersInto, leaves: leavesOut, gains: gained, loses: lost };
        const filled = Object.entries(parts).filter(([, list]) => list !== undefined && list.length > 0);
        return {
          ...{ id, version, header },
          // The batch itself is the first argument.
          ...(facets !== undefined && { facets: texts.length + 1 }),
          ...Object.fromEntries(filled),
        };
      });
      return { keys: [...keys, ...lines.all], args: [JSON.stringify({ region, commits }), ...texts] };
    },
    read: (reply, requests) =>
      requests.map((_, i) => failureIn((reply as string[][])[i]) ?? (reply as string[][])[i] ?? []),
  };
}

/** Texts that are referred to by number, counted from 1. */
class Numbered {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.all.push(text));
    return this.all.length;
  }
}

/** The error of Redis before 7 begins with the place in the script. */
const PLACE_IN_SCRIPT = /^@?user_script:\s*\d+:\s*(?:@user_script:\s*\d+:\s*)?-?/;

function failureIn(answer: readonly unknown[] | undefined): Error | undefined {
  const [kind, message] = answer ?? ['failed', 'ERR a script left a request without an answer'];
  return kind === 'failed' ? new Error(String(message).replace(PLACE_IN_SCRIPT, '')) : undefined;
}
