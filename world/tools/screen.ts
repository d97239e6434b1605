import { stripVTControlCharacters } from 'node:util';

const UP = (lines: number): string => (lines > 0 ? `\u001b[${lines}A` : '');
const CLEAR_BELOW = '\r\u001b[0J';

/** Lines at the end of a terminal that are drawn again and again in the same place. */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  #drawn = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Puts these lines in the place of the last; what does not fit is left out, because a wrapped line moves the rest. */
  draw(lines: string[]): void {
    const { rows = 24, columns = 80 } = this.#stream;
    const fitting = lines.slice(0, rows - 1).map((line) => cut(line, columns - 1));
    this.#stream.write(`${UP(this.#drawn)}${CLEAR_BELOW}${fitting.join('\n')}\n`);
    this.#drawn = fitting.length;
  }
}

/** A line that is too long loses its colours with its end. */
function cut(line: string, columns: number): string {
  const text = stripVTControlCharacters(line);
  return text.length <= columns ? line : text.slice(0, columns);
}
