import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';
import { freePort } from './ports.ts';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
const POLL_MS = 20;
const LOG_FILE = 'redis.log';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * The Redis to run: `MUSTER_REDIS_SERVER`, else `redis-server` or `valkey-server` on the PATH.
 * @throws Error saying what to install
 */
export function findRedisServer(): string {
  const chosen = process.env.MUSTER_REDIS_SERVER;
  if (chosen) {
    if (isExecutable(chosen)) return chosen;
    throw new Error(`MUSTER_REDIS_SERVER names ${chosen}, which is not a program that can be run.`);
  }
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      if (folder && isExecutable(path)) return path;
    }
  }
  throw new Error(
    'No redis-server found: install Redis 6.2 or newer (e.g. `apt install redis-server`) or set MUSTER_REDIS_SERVER to its path.',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface RedisServerOptions {
  /** Where its files and log go; created if it is not there. */
  dir: string;
  /** Default: a free one. */
  port?: number;
  /** Further arguments, e.g. `['--appendonly', 'yes']`. */
  args?: string[];
}

/** One Redis process on 127.0.0.1. It does not outlive this process, unless this one is killed. */
export class RedisServer {
  readonly port: number;
  readonly #dir: string;
  readonly #args: string[];
  #child: ChildProcess | undefined;

  constructor(dir: string, port: number, args: string[]) {
    this.#dir = dir;
    this.port = port;
    this.#args = args;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The same for somebody who is known there. */
  urlFor({ username, password }: { username: string; password: string }): string {
    return `redis://${username}:${password}@127.0.0.1:${this.port}`;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves once it answers. @throws Error with its last words */
  async start(): Promise<void> {
    if (this.#child) throw new Error(`Redis on port ${this.port} runs already.`);
    mkdirSync(this.#dir, { recursive: true });
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#dir, '--logfile', LOG_FILE];
    // Of a process group of its own: Ctrl-C in a terminal must not end it ahead of those who use it.
    const child = spawn(findRedisServer(), [...args, ...this.#args], { stdio: 'ignore', detached: true });
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    running.add(child);
    this.#child = child;
    child.once('close', () => {
      running.delete(child);
      if (this.#child === child) this.#child = undefined;
    });
    const deadlineMs = systemClock.monotonicMs() + START_LIMIT_MS;
    while (!(await answersPing(this.port))) {
      if (failure || !this.#child)
        throw new Error(`Redis on port ${this.port} did not start: ${failure?.message ?? this.#lastWords()}`);
      if (systemClock.monotonicMs() > deadlineMs) {
        await this.kill('SIGKILL');
        throw new Error(`Redis on port ${this.port} did not answer within ${START_LIMIT_MS} ms: ${this.#lastWords()}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Sends a signal; after SIGKILL and SIGTERM it resolves when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const ends = signal === 'SIGKILL' || signal === 'SIGTERM';
    const closed = ends ? once(child, 'close') : undefined;
    child.kill(signal);
    await closed;
  }

  /** Shuts down in order, by force after 5 s; resolves when the process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGCONT');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.kill('SIGTERM');
    clearTimeout(force);
  }

  /** The same port and files again, whether it runs or not. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #lastWords(): string {
    try {
      return readFileSync(join(this.#dir, LOG_FILE), 'utf8').trimEnd().split('\n').slice(-3).join(' / ');
    } catch {
      return 'it left no log; are its arguments right?';
    }
  }
}

/** Starts a plain Redis on 127.0.0.1. @throws Error if there is no Redis or it does not start */
export async function startRedis({ dir, port, args = [] }: RedisServerOptions): Promise<RedisServer> {
  const server = new RedisServer(dir, port ?? (await freePort()), args);
  await server.start();
  return server;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('data', (answer) => {
      resolve(!answer.toString().startsWith('-LOADING'));
      socket.destroy();
    });
    socket.once('error', () => socket.destroy());
    socket.once('close', () => resolve(false));
  });
}
