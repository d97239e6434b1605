import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { freePort } from '../tools/ports.ts';
import { Process } from '../tools/process.ts';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 5_000;

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

interface RedisServerOptions {
  /** Folder of its files and log; created if it is not there. */
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
  readonly #process: Process;

  constructor(dir: string, port: number, args: string[]) {
    this.#dir = dir;
    this.port = port;
    this.#args = args;
    this.#process = new Process({
      name: `Redis on port ${port}`,
      logFile: join(dir, 'redis.log'),
      stopLimitMs: STOP_LIMIT_MS,
    });
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** The URL for a user of this server. */
  urlFor({ username, password }: { username: string; password: string }): string {
    return `redis://${username}:${password}@127.0.0.1:${this.port}`;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves once it answers. @throws Error with the end of its log */
  async start(): Promise<void> {
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#dir];
    this.#process.start(findRedisServer(), [...args, ...this.#args]);
    await this.#process.untilServing(() => answersPing(this.port), START_LIMIT_MS);
  }

  /** Sends a signal; after SIGKILL and SIGTERM it resolves when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    await this.#process.kill(signal);
  }

  /** Shuts down in order, by force after 5 s; resolves when the process is gone. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** Starts it again with the same port and files, whether it runs or not. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
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
