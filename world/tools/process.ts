import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';

const POLL_MS = 20;
const FREEZE_LIMIT_MS = 10_000;
const LAST_LINES = 5;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

interface ProcessOptions {
  /** Name of the process in error messages, e.g. `Redis on port 6379`. */
  name: string;
  /** File for the output of every run; its folder is created. */
  logFile: string;
  /** How long `stop` waits before it uses force, in ms. */
  stopLimitMs: number;
  /** Called at the end of every run, with whether `kill` or `stop` asked for it. */
  onEnd?: (wasAsked: boolean) => void;
}

/**
 * A program that runs in the background, once or again and again. It has a process group of its own: Ctrl-C in a terminal
 * does not end it before those who use it. It does not outlive this process, unless this one is killed.
 */
export class Process {
  readonly name: string;
  readonly #logFile: string;
  readonly #stopLimitMs: number;
  readonly #onEnd: (wasAsked: boolean) => void;
  #child: ChildProcess | undefined;
  /** Set if the program could not be run. */
  #failure: Error | undefined;
  #wasAsked = false;

  constructor({ name, logFile, stopLimitMs, onEnd = () => {} }: ProcessOptions) {
    this.name = name;
    this.#logFile = logFile;
    this.#stopLimitMs = stopLimitMs;
    this.#onEnd = onEnd;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Starts the program, with variables added to its environment. @throws Error if it runs already */
  start(program: string, args: readonly string[], env: Record<string, string> = {}): void {
    this.#spawn(program, args, env);
  }

  /** Runs a program to its end. @returns its exit code, null if a signal ended it. @throws Error if it runs already */
  async run(program: string, args: readonly string[]): Promise<number | null> {
    const [code] = await once(this.#spawn(program, args), 'close');
    return code;
  }

  /**
   * Resolves once the program serves; ends it if that takes too long.
   * @param serves asks whether it does, and does not throw
   * @throws Error with the end of its log if it ends, or does not serve within `limitMs`
   */
  async untilServing(serves: () => Promise<boolean>, limitMs: number): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + limitMs;
    while (!(await serves())) {
      this.assertRunning();
      if (systemClock.monotonicMs() > deadlineMs) {
        await this.kill('SIGKILL');
        throw new Error(`${this.name} did not answer within ${limitMs} ms:\n${this.lastWords()}`);
      }
      await delay(POLL_MS);
    }
  }

  /** @throws Error with the end of its log if it does not run */
  assertRunning(): void {
    if (!this.#child) throw new Error(`${this.name} did not start:\n${this.#failure?.message ?? this.lastWords()}`);
  }

  /** Sends a signal; after SIGKILL and SIGTERM it resolves when the process is gone, after SIGSTOP when all its threads stand still. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ends = signal === 'SIGKILL' || signal === 'SIGTERM';
    const closed = ends ? once(child, 'close') : undefined;
    if (ends) this.#wasAsked = true;
    child.kill(signal);
    await closed;
    // On a busy machine a thread may run on for a while. One that is continued meanwhile is not waited for without end.
    const deadlineMs = systemClock.monotonicMs() + FREEZE_LIMIT_MS;
    const isFrozen = () => isStopped(child.pid) || systemClock.monotonicMs() > deadlineMs;
    while (signal === 'SIGSTOP' && this.#child === child && !isFrozen()) await delay(POLL_MS);
  }

  /** Lets the program end in order, by force when it takes too long; resolves when the process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGCONT');
    const force = setTimeout(() => child.kill('SIGKILL'), this.#stopLimitMs);
    await this.kill('SIGTERM');
    clearTimeout(force);
  }

  /** The end of its log. */
  lastWords(): string {
    return readFileSync(this.#logFile, 'utf8').trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  }

  #spawn(program: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    if (this.#child) throw new Error(`${this.name} runs already`);
    mkdirSync(dirname(this.#logFile), { recursive: true });
    const log = openSync(this.#logFile, 'a');
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      detached: true,
      env: { ...process.env, ...env },
    });
    closeSync(log);
    running.add(child);
    this.#child = child;
    this.#failure = undefined;
    this.#wasAsked = false;
    child.once('error', (error) => {
      this.#failure = error;
    });
    child.once('close', () => {
      running.delete(child);
      this.#child = undefined;
      this.#onEnd(this.#wasAsked);
    });
    return child;
  }
}

/** Whether every thread of a process is stopped, as Linux tells; true on other systems, which do not tell. */
export function isStopped(pid: number | undefined): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.every((thread) => stateOf(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')) === 'T');
  } catch {
    return true; // No /proc, or the process or a thread of it is gone.
  }
}

/** The program's name comes before it, in parentheses, and may contain any character. */
const stateOf = (stat: string): string | undefined => stat.slice(stat.lastIndexOf(')') + 2)[0];
