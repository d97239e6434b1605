import { systemClock } from '../../src/ops/clock.ts';
import { coloured, type Paint, plain } from '../../world/tools/paint.ts';
import { renderEnd, renderHead, renderStep } from './render.ts';
import type { DrillReport, DrillsReport, StepReport } from './report.ts';
import type { Audience } from './stage.ts';
import { renderTimeline } from './timeline.ts';
import { renderVerdict } from './verdict.ts';
import { duration } from './words.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const CLEAR_LINE = '\r\u001b[2K';
const LONGEST_NAME = 58;

/** Writes drills to a stream as they happen: in colours and with a running clock on a terminal, otherwise as plain lines. */
export class Narrator implements Audience {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Paint;
  #steps = 0;
  #ticking: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#paint = stream.isTTY && !process.env.NO_COLOR ? coloured : plain;
  }

  opens(name: string, proves: string): void {
    this.#steps = 0;
    this.#write(renderHead(name, proves, this.#paint));
  }

  begins(name: string): void {
    if (!this.#stream.isTTY) return;
    const startedMs = systemClock.monotonicMs();
    let frame = 0;
    this.#ticking = setInterval(() => {
      const took = duration(systemClock.monotonicMs() - startedMs);
      const line = `         ${FRAMES[frame++ % FRAMES.length]} ${name.slice(0, LONGEST_NAME)} ${took}`;
      this.#stream.write(`${CLEAR_LINE}${this.#paint('dim', line)}`);
    }, FRAME_MS);
  }

  ends(step: StepReport): void {
    if (this.#ticking) {
      clearInterval(this.#ticking);
      this.#stream.write(CLEAR_LINE);
    }
    this.#steps++;
    this.#write(renderStep(step, this.#steps, this.#paint));
  }

  closes(report: DrillReport): void {
    this.#write([...renderTimeline(report, this.#paint), ...renderEnd(report, this.#paint)]);
  }

  verdict(report: DrillsReport, says: string): void {
    this.#write(renderVerdict(report, says, this.#paint));
  }

  #write(lines: string[]): void {
    this.#stream.write(`${lines.join('\n')}\n`);
  }
}
