import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Frames, isPush, wordsOf } from './resp.ts';

/** A command of the instance on its way to a server, or the server's answer on its way back. */
export interface Passing {
  direction: 'sent' | 'answered';
  command: string[];
  /** The last script or command before it on this connection, where it is `WAIT`. */
  before: string[];
  /** Of an answer. */
  reply?: Buffer;
}

/** What becomes of something that passes: it goes on, or its connection breaks before. */
type Verdict = 'pass' | 'break';

export interface Watcher {
  /** Whether this is where the fault is to happen. Called for everything that passes. */
  see(passing: Passing): boolean;
  /** What is seen there passes at once, and the fault follows; otherwise it is held back until the fault has happened. */
  readonly letsPass: boolean;
  /** Everything else goes on for so long before the fault. It shows who does not wait for what is held back. */
  readonly lingerMs: number;
  /** Causes the fault. Nothing passes on any wire meanwhile. */
  spring(): Promise<Verdict>;
}

const ANSWERS_LIMIT_MS = 1000;

/** All wires of an instance. While a fault is caused, and until it is judged, nothing passes on any of them. */
export class Wires {
  watcher: Watcher | undefined;
  #held: Promise<unknown> | undefined;
  #isSpringing = false;

  /** Holds everything back until the work is done. */
  async hold(work: () => Promise<unknown>): Promise<void> {
    const done = work();
    this.#held = done.catch(() => undefined);
    await done.finally(() => {
      this.#held = undefined;
    });
  }

  /** @param settled resolves once what was sent earlier on this connection is answered */
  async pass(passing: Passing, settled: () => Promise<void>): Promise<Verdict> {
    await this.#held;
    const { watcher } = this;
    if (!watcher || this.#isSpringing || !watcher.see(passing)) return 'pass';
    this.#isSpringing = true;
    const sprung = this.#spring(watcher, passing.direction === 'sent' ? settled : undefined).finally(() => {
      this.#isSpringing = false;
    });
    return watcher.letsPass ? 'pass' : sprung;
  }

  async #spring(watcher: Watcher, settled: (() => Promise<void>) | undefined): Promise<Verdict> {
    await settled?.();
    await delay(watcher.lingerMs);
    let verdict: Verdict = 'pass';
    await this.hold(async () => {
      verdict = await watcher.spring();
    });
    return verdict;
  }
}

/** What is known of a connection: commands that are not answered yet, the oldest first. */
interface Talk {
  unanswered: { command: string[]; before: string[] }[];
  last: string[];
  /** It is subscribed to a channel: its answers belong to no command. */
  isListening: boolean;
}

interface WireOptions {
  target: number;
  wires: Wires;
  /** What the instance reads in place of a reply; undefined: the reply. */
  rewrite?: (reply: Buffer, command: string[]) => Buffer;
}

/** One server as an instance reaches it: a proxy on 127.0.0.1 that passes commands and answers on, one by one. */
export class Wire {
  readonly #options: WireOptions;
  readonly #server = createServer({ noDelay: true }, (inside) => this.#accept(inside));
  readonly #sockets = new Set<Socket>();

  constructor(options: WireOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(inside: Socket): void {
    const outside = new Socket();
    outside.setNoDelay();
    const talk: Talk = { unanswered: [], last: [], isListening: false };
    for (const socket of [inside, outside]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}); // 'close' follows
    }
    const end = (): void => {
      for (const socket of [inside, outside]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    inside.on('close', end);
    outside.on('close', end);
    outside.connect(this.#options.target, '127.0.0.1');
    const settled = async (): Promise<void> => {
      for (let ms = 0; ms < ANSWERS_LIMIT_MS && talk.unanswered.length > 0 && !inside.destroyed; ms++) await delay(1);
    };
    this.#carry(inside, outside, end, (frame) => this.#send(talk, frame, settled));
    this.#carry(outside, inside, end, (frame) => this.#answer(talk, frame, settled));
  }

  /** Carries values from one socket to the other, one after the other. */
  #carry(from: Socket, to: Socket, end: () => void, passed: (frame: Buffer) => Promise<Buffer | undefined>): void {
    const frames = new Frames();
    let last = Promise.resolve();
    from.on('data', (bytes) => {
      for (const frame of frames.add(bytes)) {
        last = last.then(async () => {
          if (from.destroyed || to.destroyed) return;
          const going = await passed(frame);
          if (!going) end();
          else if (!to.destroyed) to.write(going);
        });
      }
    });
  }

  async #send(talk: Talk, frame: Buffer, settled: () => Promise<void>): Promise<Buffer | undefined> {
    const command = wordsOf(frame);
    const before = talk.last;
    if (/^s?subscribe$/i.test(command[0] ?? '')) talk.isListening = true;
    const verdict = await this.#options.wires.pass({ direction: 'sent', command, before }, settled);
    if (verdict === 'break') return undefined;
    talk.last = command;
    talk.unanswered.push({ command, before });
    return frame;
  }

  async #answer(talk: Talk, reply: Buffer, settled: () => Promise<void>): Promise<Buffer | undefined> {
    if (talk.isListening || isPush(reply)) return reply;
    const [asked = { command: [], before: [] }] = talk.unanswered;
    const verdict = await this.#options.wires.pass({ direction: 'answered', ...asked, reply }, settled);
    talk.unanswered.shift();
    return verdict === 'break' ? undefined : (this.#options.rewrite?.(reply, asked.command) ?? reply);
  }
}
