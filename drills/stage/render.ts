import type { Paint } from '../../world/tools/paint.ts';
import type { DrillReport, Evidence, StepReport } from './report.ts';
import { duration } from './words.ts';

export const WIDTH = 80;
/** Column of a step's text, after its time and its mark. */
const INDENT = 13;
const LONGEST_LABEL = 24;

/** The head of a drill: its name, and what it proves. */
export function renderHead(name: string, proves: string, paint: Paint): string[] {
  const rule = '─'.repeat(WIDTH - name.length - 5);
  return ['', `${paint('dim', '──')} ${paint('bold', name)} ${paint('dim', rule)}`, ...wrap(proves, WIDTH - 1), ''];
}

/**
 * A step with its number, start, duration, and evidence:
 *
 *      12.4 s ✓ 4 The others notice                                     1.3 s
 *                   state     stale after 4.1 s
 */
export function renderStep({ name, ok, evidence, at_ms, took_ms }: StepReport, number: number, paint: Paint): string[] {
  const took = duration(took_ms).padStart(7);
  const [first = '', ...rest] = wrap(name, WIDTH - INDENT - took.length - 2);
  const mark = ok ? paint('green', '✓') : paint('red', '✗');
  const head = `${paint('dim', clock(at_ms))} ${mark} ${markOf(number)} ${paint('bold', first)}`;
  const gap = ' '.repeat(WIDTH - INDENT - first.length - took.length - 1);
  return [
    `${head}${gap}${paint('dim', took)}`,
    ...rest.map((line) => `${' '.repeat(INDENT)}${paint('bold', line)}`),
    ...renderEvidence(evidence, paint),
  ];
}

function renderEvidence(evidence: Evidence, paint: Paint): string[] {
  const entries = Object.entries(evidence);
  const longest = Math.min(LONGEST_LABEL, Math.max(0, ...entries.map(([label]) => label.length)));
  return entries.flatMap(([label, value]) => {
    const style = label === 'failed' ? 'red' : 'dim';
    const lines = (Array.isArray(value) ? value : [`${value}`]).flatMap((line) => line.split('\n'));
    const beside = label.length <= longest;
    const wrapped = lines.flatMap((line) => wrap(line, WIDTH - 1 - INDENT - longest - 2));
    const labels = [label.padEnd(longest), ...(beside ? [] : [''.padEnd(longest)])];
    const texts = beside ? wrapped : ['', ...wrapped];
    return texts.map((text, at) => {
      const head = at === 0 ? (labels[0] ?? '') : ' '.repeat(longest);
      return `${' '.repeat(INDENT)}${paint(style, head)}  ${style === 'red' ? paint('red', text) : text}`.trimEnd();
    });
  });
}

/** How a drill ended. */
export function renderEnd({ name, ok, took_ms, steps }: DrillReport, paint: Paint): string[] {
  const failed = steps.filter((step) => !step.ok).length;
  const words = ok ? `${name}: ${steps.length} steps` : `${name}: ${failed} of ${steps.length} steps failed`;
  return ['', `${ok ? paint('green', '✓') : paint('red', '✗')} ${paint('bold', words)}, ${duration(took_ms)}`];
}

/** The number of a step as one character: 1 to 9, then a to z. */
export function markOf(number: number): string {
  return number < 36 ? number.toString(36) : '+';
}

function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`.padStart(8);
}

/** Wraps text between words; a word that is too long for a line is split. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, width))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const count = Math.max(1, Math.ceil(word.length / width));
  return Array.from({ length: count }, (_, at) => word.slice(at * width, (at + 1) * width));
}
