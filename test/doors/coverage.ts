import { Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What V8 calls functions that the language adds, e.g. `<instance_members_initializer>`. */
const ADDED_BY_THE_LANGUAGE = /^</;

/** Functions of src by where they stand, `src/api/problems/send-problem.ts:120` and so on, with their names; empty: it has none. */
export type Executed = ReadonlyMap<string, string>;

/** Counts which functions of this process are called, by V8's precise coverage. */
export class Coverage {
  readonly #session: Session;

  private constructor(session: Session) {
    this.#session = session;
  }

  static async start(): Promise<Coverage> {
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    return new Coverage(session);
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** The functions of src that are called while the work is done, by it or by anything else. */
  async during(work: () => Promise<void>): Promise<Executed> {
    await this.#take();
    await work();
    return this.#take();
  }

  /** Since it was last taken. */
  async #take(): Promise<Executed> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const executed = new Map<string, string>();
    for (const { url, functions } of result) {
      const file = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)).replaceAll('\\', '/') : '';
      if (!file.startsWith('src/')) continue;
      for (const { functionName, ranges } of functions) {
        const [whole] = ranges;
        if (whole && whole.count > 0) executed.set(`${file}:${whole.startOffset}`, functionName);
      }
    }
    return executed;
  }
}

/** What was called every time: what only happened to run meanwhile is not among it. */
export function everyTime([first = new Map(), ...others]: Executed[]): Executed {
  return new Map([...first].filter(([place]) => others.every((other) => other.has(place))));
}

/** The names of the functions, by file in the order of the alphabet. A file may have none that has a name. */
export function namesByFile(executed: Executed): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [place, name] of [...executed].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const file = place.slice(0, place.lastIndexOf(':'));
    const names = files.get(file) ?? [];
    files.set(file, name === '' || ADDED_BY_THE_LANGUAGE.test(name) ? names : [...names, name]);
  }
  return files;
}
