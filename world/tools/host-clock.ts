import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock } from '../../src/ops/clock.ts';
import { isStopped } from './process.ts';

const SOURCE = fileURLToPath(new URL('host-clock.c', import.meta.url));
const POLL_MS = 20;
const STOP_LIMIT_MS = 10_000;
const NS_PER_MS = 1_000_000;

/** `paused`: a virtual machine whose clocks all stand still. `suspended`: boot time and wall clock go on, as on a laptop. */
type Standstill = 'paused' | 'suspended';

/**
 * The clocks of one process, which can stand still with it: the only way to play a host that is suspended without suspending
 * one. It is a library in C that is preloaded into the process.
 */
export class HostClock {
  readonly #library: string;
  readonly #file: string;
  readonly #pauses: { atMs: number; forMs: number }[] = [];
  #otherMs = 0;

  private constructor(library: string, file: string) {
    this.#library = library;
    this.#file = file;
  }

  /** Why hosts cannot stand still here; undefined if they can. */
  static async obstacle(): Promise<string | undefined> {
    if (process.platform !== 'linux') return 'a host that stands still is played on Linux only';
    const isThere = await promisify(execFile)('gcc', ['--version']).then(
      () => true,
      () => false,
    );
    return isThere
      ? undefined
      : 'a host that stands still is played by a small C library: install gcc and libc6-dev (e.g. `apt-get install gcc libc6-dev`)';
  }

  /** Builds the library in a folder, once. @param name of the process. @throws Error saying what to install */
  static async build(dir: string, name: string): Promise<HostClock> {
    const library = join(dir, 'host-clock.so');
    const obstacle = await HostClock.obstacle();
    if (obstacle) throw new Error(obstacle);
    const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
    if (!existsSync(library)) await promisify(execFile)('gcc', [...flags, '-o', library, SOURCE, '-ldl', '-lpthread']);
    const clock = new HostClock(library, join(dir, `${name}.host-clock`));
    clock.#write();
    return clock;
  }

  /** What the environment of the process needs. */
  get env(): Record<string, string> {
    return { LD_PRELOAD: this.#library, MUSTER_HOST_CLOCK: this.#file };
  }

  /** Stops a process and its clocks. @returns when it was stopped, by this process' monotonic clock, and for how long, in ms */
  async standStill(pid: number, ms: number, how: Standstill = 'paused'): Promise<{ atMs: number; forMs: number }> {
    process.kill(pid, 'SIGSTOP');
    const deadlineMs = systemClock.monotonicMs() + STOP_LIMIT_MS;
    while (!isStopped(pid) && systemClock.monotonicMs() < deadlineMs) await delay(POLL_MS);
    const atMs = systemClock.monotonicMs();
    await delay(ms);
    const forMs = systemClock.monotonicMs() - atMs;
    this.#pauses.push({ atMs, forMs });
    if (how === 'paused') this.#otherMs += forMs;
    this.#write();
    process.kill(pid, 'SIGCONT');
    return { atMs, forMs };
  }

  /** The true monotonic time, in ms, when the process' clock showed a time. */
  trueMs(shownMs: number): number {
    return this.#pauses.reduce((ms, { atMs, forMs }) => (ms > atMs ? ms + forMs : ms), shownMs);
  }

  /** Writes the history of the process with true times. @returns the file */
  writeTrueHistory(history: string): string {
    const file = `${history}.true`;
    const lines = readFileSync(history, 'utf8').split('\n').slice(0, -1);
    writeFileSync(file, lines.map((line) => `${this.#trueLine(line)}\n`).join(''));
    return file;
  }

  #trueLine(line: string): string {
    const { t, since, ...rest } = JSON.parse(line) as { t: number; since?: number };
    const began = since === undefined ? {} : { since: this.trueMs(since) };
    return JSON.stringify({ t: this.trueMs(t), ...began, ...rest });
  }

  #write(): void {
    const lostMs = this.#pauses.reduce((sum, { forMs }) => sum + forMs, 0);
    const offsets = [lostMs, this.#otherMs].map((ms) => BigInt(Math.round(ms * NS_PER_MS)));
    writeFileSync(this.#file, new BigInt64Array(offsets), { flag: existsSync(this.#file) ? 'r+' : 'w' });
  }
}
