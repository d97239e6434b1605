import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Process } from '../tools/process.ts';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;
/** Small and quick to start rather than fast. */
const JVM = ['-Xms96m', '-Xmx320m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

interface Runtime {
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
  readonly #process: Process;

  /** @param port of a listener, which answers once the broker serves */
  constructor(id: number, dir: string, port: number, settings: Record<string, string>, runtime: Runtime) {
    this.id = id;
    this.#dir = dir;
    this.#port = port;
    this.#settings = settings;
    this.#runtime = runtime;
    this.#process = new Process({
      name: `Kafka broker ${id}`,
      logFile: join(dir, 'kafka.log'),
      stopLimitMs: STOP_LIMIT_MS,
    });
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Formats its storage once, then starts it; resolves when it takes connections. @throws Error with the end of its log */
  async start(): Promise<void> {
    const settings = join(this.#dir, 'server.properties');
    const data = join(this.#dir, 'data');
    if (!existsSync(settings)) {
      mkdirSync(this.#dir, { recursive: true });
      const lines = Object.entries({ ...this.#settings, 'log.dirs': data }).map(([key, value]) => `${key}=${value}`);
      writeFileSync(settings, `${lines.join('\n')}\n`);
      await this.#format(settings);
    }
    this.#process.start(this.#runtime.java, this.#jvm(['kafka.Kafka', settings]));
    await this.#process.untilServing(() => isOpen(this.#port), START_LIMIT_MS);
  }

  /** Sends a signal; after SIGKILL and SIGTERM it resolves when the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    await this.#process.kill(signal);
  }

  /** Shuts down in order, by force after 10 s; resolves when the process is gone. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async #format(settings: string): Promise<void> {
    const { java, clusterId, accounts } = this.#runtime;
    const more = accounts.flatMap((account) => ['--add-scram', account]);
    // One argument: an id may begin with a dash.
    const id = `--cluster-id=${clusterId}`;
    const args = ['kafka.tools.StorageTool', 'format', id, '-c', settings, ...more];
    const code = await this.#process.run(java, this.#jvm(args));
    if (code === 0) return;
    throw new Error(`the storage of Kafka broker ${this.id} cannot be formatted:\n${this.#process.lastWords()}`);
  }

  #jvm(args: string[]): string[] {
    const { classPath, jvm } = this.#runtime;
    return [...JVM, ...jvm, '-cp', classPath, ...args];
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
