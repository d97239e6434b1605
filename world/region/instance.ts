import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ReadyAnswer } from '../../src/contract/readiness.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { inWords } from '../../src/sync/reading-progress.ts';
import type { HostClock } from '../tools/host-clock.ts';
import type { Http } from '../tools/http.ts';
import { Process } from '../tools/process.ts';
import type { OnProgress } from '../tools/step.ts';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
/** Limit without progress. While it reads its platforms there is progress. */
const START_LIMIT_MS = 60_000;
const REPORT_EVERY_MS = 2_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 50;

interface InstanceOptions {
  /** E.g. `eu-west-1-1`; also the name of its files. */
  name: string;
  port: number;
  /** Folder of its configuration, log and history. */
  dir: string;
  /** Whether it writes a history. */
  history: boolean;
  /** Offset of its wall clock, in ms. */
  clockOffsetMs: number;
  /** Its host's clocks, if the host can be made to stand still. */
  hostClock?: HostClock | undefined;
  /** Called when its process begins and ends; a frozen process counts as ended. */
  watch: Watch;
  http: Http;
}

interface HowFar {
  isReady: boolean;
  /** A text that changes with any progress. */
  progress: string;
  /** The progress for people; empty if there is none. */
  shown: string;
}

interface Watch {
  began(): void;
  ended(): void;
}

/**
 * One Muster instance, a process with its own process group: Ctrl-C in a terminal does not reach it. It does not outlive
 * this process, unless this one is killed.
 */
export class Instance {
  readonly name: string;
  readonly port: number;
  readonly configFile: string;
  readonly logFile: string;
  /** Undefined if none is written. A restarted instance appends to the same file. */
  readonly historyFile: string | undefined;
  /** The program of its next start; another version of Muster in a drill. */
  program = CLI;
  /** Whether callers and other regions are sent to it, as a load balancer decides. */
  isInRotation = true;
  /** Called with the end of its log when it ends unasked. */
  onDeath: (lastWords: string) => void = () => {};
  readonly #clockOffsetMs: number;
  readonly #hostClock: HostClock | undefined;
  readonly #watch: Watch;
  readonly #http: Http;
  readonly #process: Process;

  constructor({ name, port, dir, history, clockOffsetMs, hostClock, watch, http }: InstanceOptions) {
    this.name = name;
    this.port = port;
    this.configFile = join(dir, `${name}.yaml`);
    this.logFile = join(dir, `${name}.log`);
    this.historyFile = history ? join(dir, `${name}.history.jsonl`) : undefined;
    this.#clockOffsetMs = clockOffsetMs;
    this.#hostClock = hostClock;
    this.#watch = watch;
    this.#http = http;
    this.#process = new Process({
      name: `the instance ${name}`,
      logFile: this.logFile,
      stopLimitMs: STOP_LIMIT_MS,
      onEnd: (wasAsked) => {
        watch.ended();
        if (!wasAsked) this.onDeath(this.lastWords());
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /**
   * Resolves once it is ready.
   * @param onProgress called now and then with the progress of reading its platforms
   * @throws Error with the end of its log
   */
  async start(onProgress: OnProgress = () => undefined): Promise<void> {
    const history = this.historyFile ? ['--history', this.historyFile] : [];
    const clock = this.#clockOffsetMs === 0 ? [] : ['--clock-offset-ms', `${this.#clockOffsetMs}`];
    const args = [this.program, 'serve', '--config', this.configFile, ...history, ...clock];
    this.#process.start(process.execPath, args, this.#hostClock?.env);
    this.#watch.began();
    const seen = new Set<string>();
    let [progressMs, reportedMs] = [systemClock.monotonicMs(), systemClock.monotonicMs()];
    for (;;) {
      const { isReady, progress, shown } = await this.#howFar();
      const nowMs = systemClock.monotonicMs();
      if (isReady) return;
      this.#process.assertRunning();
      if (!seen.has(progress)) progressMs = nowMs;
      seen.add(progress);
      if (nowMs > progressMs + START_LIMIT_MS) {
        await this.kill('SIGKILL');
        throw new Error(`the instance ${this.name} made no progress for ${START_LIMIT_MS} ms:\n${this.lastWords()}`);
      }
      if (shown && nowMs > reportedMs + REPORT_EVERY_MS) {
        onProgress(shown);
        reportedMs = nowMs;
      }
      await delay(POLL_MS);
    }
  }

  /** Sends a signal; after SIGKILL and SIGTERM it resolves when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const ended = this.#process.kill(signal);
    if (this.pid !== undefined && signal === 'SIGSTOP') this.#watch.ended();
    if (this.pid !== undefined && signal === 'SIGCONT') this.#watch.began();
    await ended;
  }

  /** Has its host stand still together with all of its clocks, as a virtual machine that is paused. @returns for how long, in ms */
  async standStill(ms: number): Promise<number> {
    if (!this.#hostClock || this.pid === undefined) throw new Error(`the host of ${this.name} cannot stand still`);
    this.#watch.ended();
    const { forMs } = await this.#hostClock.standStill(this.pid, ms);
    this.#watch.began();
    return forMs;
  }

  /** Its history for the verdict: with true times if its host's clocks have stood still. Undefined if none is written. */
  judgedHistory(): string | undefined {
    if (!this.historyFile || !this.#hostClock) return this.historyFile;
    return this.#hostClock.writeTrueHistory(this.historyFile);
  }

  /** Lets it finish its work, by force after 10 s; resolves when the process is gone. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** Starts it again with the same port, configuration and history, whether it runs or not. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** The end of its log. */
  lastWords(): string {
    return this.#process.lastWords();
  }

  async #howFar(): Promise<HowFar> {
    try {
      const { status, body } = await this.#http.get(`${this.url}/readyz`);
      const { reading = [] } = body as Partial<ReadyAnswer>;
      const parts = reading.map(({ connection, step, agents }) => `${connection}: ${agents} agents read, now ${step}`);
      const shown = reading.map(
        ({ connection, for_ms, ...more }) => `${connection}: ${inWords({ ...more, forMs: for_ms })}`,
      );
      return { isReady: status === 200, progress: `listens; ${parts}`, shown: shown.join('; ') };
    } catch {
      return { isReady: false, progress: '', shown: '' }; // not listening yet; the deadline is the caller's
    }
  }
}
