/** Commands and replies of the Redis protocol, RESP2 and RESP3, as they cross a connection. */

const LINE_END = '\r\n';
const NO_LENGTH = /[+\-:#,_(]/;
const WITH_LENGTH = /[$=!]/;

/** Where the value that begins at `at` ends; -1 if some of it has not arrived. @throws Error if it is no value */
function endOf(bytes: Buffer, at: number): number {
  const line = bytes.indexOf(LINE_END, at);
  if (line < 0) return -1;
  const type = String.fromCharCode(bytes[at] ?? 0);
  const after = line + LINE_END.length;
  if (NO_LENGTH.test(type)) return after;
  const length = Number(bytes.toString('latin1', at + 1, line));
  if (!Number.isInteger(length)) throw new Error(`not the Redis protocol: ${bytes.toString('latin1', at, line)}`);
  if (WITH_LENGTH.test(type)) {
    const end = length < 0 ? after : after + length + LINE_END.length;
    return end <= bytes.length ? end : -1;
  }
  let end = after;
  for (let left = type === '%' ? 2 * length : length; left > 0 && end >= 0; left--) end = endOf(bytes, end);
  return end;
}

/** Cuts what arrives on a connection into values. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** Adds bytes. @returns the values that are complete now */
  add(bytes: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames: Buffer[] = [];
    for (;;) {
      const end = this.#rest.length > 0 ? endOf(this.#rest, 0) : -1;
      if (end < 0) return frames;
      frames.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** The words of a command, which is an array of texts. */
export function wordsOf(command: Buffer): string[] {
  const words: string[] = [];
  let at = command.indexOf(LINE_END) + LINE_END.length;
  while (at < command.length) {
    const line = command.indexOf(LINE_END, at);
    const from = line + LINE_END.length;
    const to = from + Number(command.toString('latin1', at + 1, line));
    words.push(command.toString('utf8', from, to));
    at = to + LINE_END.length;
  }
  return words;
}

/** Whether a value answers no command: what a server pushes, of RESP3. */
export const isPush = (reply: Buffer): boolean => reply[0] === '>'.charCodeAt(0);
