import { createReadStream } from 'node:fs';
import { type HistoryLine, SETTLE_OPS, type SettleOp } from '../ops/history-line.ts';
import { parseLine } from './parse.ts';

/** A line with its place, `file:line`, which is the evidence of violations. */
export type Line = HistoryLine & { place: string };

/** Whether a line is a settlement. */
export function isSettle(line: Line): line is Line & { op: SettleOp } {
  return SETTLE_OPS.some((op) => op === line.op);
}

/** The input cannot be judged. */
export class UnusableHistory extends Error {
  override name = 'UnusableHistory';
}

const MAX_LINE_CHARS = 1 << 20;

interface RawLine {
  text: string;
  number: number;
}

/** Reads one history file line by line. Invalid lines go to `onUnreadable`. */
export class HistoryReader {
  /** Incomplete lines of killed processes: the last line, or the one before a restart reopened the file. */
  torn = 0;
  readonly #path: string;
  readonly #onUnreadable: (place: string, reason: string) => void;
  readonly #chunks: AsyncGenerator<RawLine[]>;
  #batch: RawLine[] = [];
  #next = 0;
  #endsTorn = false;
  #broken: { place: string; reason: string } | undefined;
  #lastT = Number.NEGATIVE_INFINITY;

  constructor(path: string, onUnreadable: (place: string, reason: string) => void) {
    this.#path = path;
    this.#onUnreadable = onUnreadable;
    this.#chunks = this.#read();
  }

  /** The next readable line; undefined at the end. @throws UnusableHistory if the file cannot be read */
  async next(): Promise<Line | undefined> {
    for (;;) {
      const raw = this.#batch[this.#next];
      if (raw) {
        this.#next++;
        const line = this.#parse(raw);
        if (line) return line;
        continue;
      }
      const chunk = await this.#chunks.next();
      if (chunk.done) return this.#end();
      this.#batch = chunk.value;
      this.#next = 0;
    }
  }

  #parse({ text, number }: RawLine): Line | undefined {
    const place = `${this.#path}:${number}`;
    const line = parseLine(text);
    const broken = this.#broken;
    this.#broken = undefined;
    const isRestart = typeof line !== 'string' && line.op === 'history';
    if (broken && isRestart) this.torn++;
    else if (broken) this.#onUnreadable(broken.place, broken.reason);
    if (typeof line === 'string') {
      this.#broken = { place, reason: line };
      return undefined;
    }
    if (line.t < this.#lastT) this.#onUnreadable(place, 'its `t` is before that of the previous line');
    this.#lastT = line.t;
    return Object.assign(line, { place });
  }

  #end(): undefined {
    if (this.#broken && this.#endsTorn) this.torn++;
    else if (this.#broken) this.#onUnreadable(this.#broken.place, this.#broken.reason);
    this.#broken = undefined;
    return undefined;
  }

  async *#read(): AsyncGenerator<RawLine[]> {
    let rest = '';
    let number = 0;
    try {
      for await (const chunk of createReadStream(this.#path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
        const texts = (rest + chunk).split('\n');
        rest = texts.pop() ?? '';
        if (rest.length > MAX_LINE_CHARS)
          throw new UnusableHistory(`${this.#path}:${number + 1} is too long to be a line`);
        yield texts.map((text) => ({ text, number: ++number }));
      }
    } catch (error) {
      if (error instanceof UnusableHistory) throw error;
      throw new UnusableHistory(`${this.#path} cannot be read: ${(error as Error).message}`, { cause: error });
    }
    this.#endsTorn = rest !== '';
    if (this.#endsTorn) yield [{ text: rest, number: ++number }];
  }
}

/** Merges the lines of all files in the order of `t`. */
export async function* inOrder(readers: HistoryReader[]): AsyncGenerator<Line> {
  const heads: { reader: HistoryReader; line: Line }[] = [];
  for (const reader of readers) {
    const line = await reader.next();
    if (line) heads.push({ reader, line });
  }
  while (heads.length > 0) {
    let earliest = 0;
    for (let i = 1; i < heads.length; i++) if (tOf(heads[i]) < tOf(heads[earliest])) earliest = i;
    const head = heads[earliest];
    if (!head) return;
    yield head.line;
    const line = await head.reader.next();
    if (line) head.line = line;
    else heads.splice(earliest, 1);
  }
}

function tOf(head: { line: Line } | undefined): number {
  return head ? head.line.t : Number.POSITIVE_INFINITY;
}
