import { stripVTControlCharacters } from 'node:util';

const UP = (lines: number): string => (lines > 0 ? `\u001b[${lines}A` : '');
const CLEAR_BELOW = '\r\u001b[0J';

/** Lines at the end of a terminal that are redrawn in place. */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Replaces the last lines. Text that does not fit is cut, because a wrapped line would move the rest. */
  draw(lines: string[]): void {
    const { rows = 24, columns = 80 } = this.#stream;
    const fitting = lines.slice(0, rows - 1).map((line) => cut(line, columns - 1));
    this.#stream.write(`${UP(this.#drawn)}${CLEAR_BELOW}${fitting.join('\n')}\n`);
    this.#drawn = fitting.length;
  }
}

/** Cuts a line that is too long, and drops its colours. */
function cut(line: string, columns: number): string {
  const text = stripVTControlCharacters(line);
  return text.length <= columns ? line : text.slice(0, columns);
}
