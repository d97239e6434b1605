import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 50;
/** Small and quick to start rather than fast. */
const JVM = ['-Xms96m', '-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Runtime {
  java: string;
  classPath: string;
  /** The same for all nodes of a cluster. */
  clusterId: string;
  /** Further options of the Java machine. */
  jvm: string[];
  /** Accounts that the storage is formatted with, as `--add-scram` takes them. */
  accounts: string[];
}

/** One Kafka process on 127.0.0.1, broker and controller in one. It does not outlive this process, unless this one is killed. */
export class KafkaBroker {
  readonly id: number;
  readonly #dir: string;
  readonly #port: number;
  readonly #runtime: Runtime;
  readonly #settings: Record<string, string>;
  #child: ChildProcess | undefined;

  /** @param port of a listener, which answers once the broker serves */
  constructor(id: number, dir: string, port: number, settings: Record<string, string>, runtime: Runtime) {
    this.id = id;
    this.#dir = dir;
    this.#port = port;
    this.#settings = settings;
    this.#runtime = runtime;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Formats its storage once, then starts it; resolves when it takes connections. @throws Error with its last words */
  async start(): Promise<void> {
    if (this.#child) throw new Error(`Kafka broker ${this.id} runs already.`);
    const settings = join(this.#dir, 'server.properties');
    const data = join(this.#dir, 'data');
    if (!existsSync(settings)) {
      mkdirSync(this.#dir, { recursive: true });
      const lines = Object.entries({ ...this.#settings, 'log.dirs': data }).map(([key, value]) => `${key}=${value}`);
      writeFileSync(settings, `${lines.join('\n')}\n`);
      await this.#format(settings);
    }
    const child = this.#run(['kafka.Kafka', settings]);
    this.#child = child;
    child.once('close', () => {
      if (this.#child === child) this.#child = undefined;
    });
    const deadlineMs = systemClock.monotonicMs() + START_LIMIT_MS;
    while (!(await isOpen(this.#port))) {
      if (!this.#child) throw new Error(`Kafka broker ${this.id} did not start: ${this.#lastWords()}`);
      if (systemClock.monotonicMs() > deadlineMs) {
        await this.kill('SIGKILL');
        throw new Error(`Kafka broker ${this.id} took no connection within ${START_LIMIT_MS} ms: ${this.#lastWords()}`);
      }
      await delay(POLL_MS);
    }
  }

  /** Sends a signal; after SIGKILL and SIGTERM it resolves when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const closed = once(child, 'close');
    child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await closed;
  }

  /** Shuts down in order, by force after 10 s; resolves when the process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGCONT');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.kill('SIGTERM');
    clearTimeout(force);
  }

  async #format(settings: string): Promise<void> {
    const { clusterId, accounts } = this.#runtime;
    const more = accounts.flatMap((account) => ['--add-scram', account]);
    // One argument: an id may begin with a dash.
    const id = `--cluster-id=${clusterId}`;
    const child = this.#run(['kafka.tools.StorageTool', 'format', id, '-c', settings, ...more]);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`the storage of Kafka broker ${this.id} cannot be formatted: ${this.#lastWords()}`);
  }

  #run(args: string[]): ChildProcess {
    const { java, classPath, jvm } = this.#runtime;
    const log = openSync(join(this.#dir, 'kafka.log'), 'a');
    // Of a process group of its own: Ctrl-C in a terminal must not end it ahead of those who use it.
    const child = spawn(java, [...JVM, ...jvm, '-cp', classPath, ...args], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    running.add(child);
    child.once('close', () => running.delete(child));
    child.once('error', () => running.delete(child));
    return child;
  }

  #lastWords(): string {
    return readFileSync(join(this.#dir, 'kafka.log'), 'utf8').trimEnd().split('\n').slice(-3).join(' / ');
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
