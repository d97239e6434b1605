import type { Violation } from './checker.ts';
import type { Counts } from './counts.ts';
import type { CheckResult, Outcome, Verdict } from './verify.ts';

const SHOWN = 3;
const NAME_WIDTH = 16;
const COUNT_WIDTH = 10;
const MARK: Record<Outcome, string> = { kept: '✓', broken: '✗', 'not judged': '–' };

/** The verdict as one page for a terminal. */
export function renderVerdict(verdict: Verdict): string {
  const { ok, counts, checks, torn } = verdict;
  const broken = checks.filter(({ outcome }) => outcome === 'broken').length;
  const notJudged = checks.filter(({ outcome }) => outcome === 'not judged').length;
  const seconds = (counts.spanMs / 1000).toFixed(1);
  const scope = `${many(verdict.lines, 'line')} of ${many(counts.processes, 'instance')} in ${counts.regions.join(', ')}, over ${seconds} s`;
  const tornNote = torn > 0 ? [`${many(torn, 'line')} incomplete, from a killed process`] : [];
  const unjudged = notJudged > 0 ? ` ${notJudged} could not be judged.` : '';
  const outcome = `${ok ? '✓ Every promise was kept.' : `✗ ${many(broken, 'promise')} broken.`}${unjudged}`;
  return [scope, ...tornNote, '', ...checks.flatMap(checkLines), '', ...countLines(counts), '', outcome].join('\n');
}

function checkLines({ name, invariant, outcome, judged, total, violations }: CheckResult): string[] {
  const count = (outcome === 'not judged' ? outcome : number(judged)).padStart(COUNT_WIDTH);
  const head = `${MARK[outcome]} ${name.padEnd(NAME_WIDTH)} ${count}  ${invariant}`;
  if (outcome !== 'broken') return [head];
  const shown = violations.slice(0, SHOWN).flatMap(violationLines);
  const rest = total > SHOWN ? [`    and ${(total - SHOWN).toLocaleString('en')} more`] : [];
  return [head, ...shown, ...rest];
}

function violationLines({ what, lines }: Violation): string[] {
  return [`    ${what}`, ...lines.map((line) => `      ${line}`)];
}

function countLines({ callers, claims, conflicts, settles, events, answers }: Counts): string[] {
  const { invoked, granted, verified, unreplicated, unknown } = claims;
  const refused = listed(claims.refused);
  const settled = Object.entries(settles).map(
    ([op, { ok, refused }]) => `${op} ${number(ok)}${refused ? ` (${number(refused)} refused)` : ''}`,
  );
  return [
    `callers    ${listed({ ...callers })}`,
    `claims     ${listed({ asked: invoked, granted, verified, unreplicated, unknown })}`,
    `refused    ${refused || 'none'}`,
    `conflicts  ${listed({ ...conflicts })}`,
    `settled    ${settled.join(', ')}`,
    `events     ${listed({ ...events })}`,
    `answers    ${listed({ ...answers })}`,
  ];
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${number(count)}`)
    .join(', ');
}

function many(count: number, noun: string): string {
  return `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function number(count: number): string {
  return count.toLocaleString('en');
}
