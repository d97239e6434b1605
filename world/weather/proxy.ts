import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { type Conditions, Flow } from './flow.ts';

/** One-way delay: `latencyMs` ± `jitterMs`, evenly spread. */
export interface Latency {
  latencyMs: number;
  jitterMs: number;
}

export const NO_LATENCY: Latency = { latencyMs: 0, jitterMs: 0 };

/** The state of a proxy: it passes everything on, breaks connections, or delivers nothing. */
type Passage = 'open' | 'cut' | 'stalled';

const MAX_CONNECTIONS = 2_000;
/** Delay of a connection's first data, in one-way latencies: after SYN and SYN-ACK. */
const HANDSHAKE_WAYS = 3;

/**
 * One network path as a TCP proxy on 127.0.0.1: it can be slow, cut, or a black hole.
 *
 *          cut            stall
 *   cut ◄──────── open ────────► stalled      cut and stall also lead from one to the other
 *    └────clear────►▲◄────clear────┘
 *
 * A client is always connected at once, by the kernel. Its first data is delayed by the latency of the handshake.
 */
export class TcpProxy {
  readonly #target: () => number;
  readonly #usual: Latency;
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (inside) => this.#accept(inside));
  readonly #sockets = new Set<Socket>();
  readonly #flows = new Set<Flow>();
  readonly #conditions: Conditions = {
    delayMs: () => {
      const { latencyMs, jitterMs } = this.#latency;
      return Math.max(0, latencyMs + jitterMs * (2 * Math.random() - 1));
    },
    isStalled: () => this.#passage === 'stalled',
  };
  #latency: Latency;
  #passage: Passage = 'open';

  /**
   * @param target the port on 127.0.0.1 that connections lead to; called for each
   * @param usual its latency at the start, and after `clear`
   */
  constructor(target: () => number, usual = NO_LATENCY) {
    this.#target = target;
    this.#usual = usual;
    this.#latency = usual;
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Port for clients, once it has started. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get passage(): Passage {
    return this.#passage;
  }

  get latency(): Latency {
    return this.#latency;
  }

  /** Sets the latency of data that is sent from now on. */
  set(latency: Latency): void {
    this.#latency = latency;
  }

  /** Resets all connections, and new ones at once. */
  cut(): void {
    this.#passage = 'cut';
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Connections stay open and new ones are accepted, but nothing arrives. */
  stall(): void {
    this.#passage = 'stalled';
  }

  /** Opens it, with its usual latency. Data that a stall has held back is delivered. */
  clear(): void {
    this.#passage = 'open';
    this.#latency = this.#usual;
    for (const flow of this.#flows) flow.release();
  }

  async stop(): Promise<void> {
    this.cut();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(inside: Socket): void {
    this.#keep(inside);
    if (this.#passage === 'cut') return void inside.resetAndDestroy();
    const outside = new Socket({ allowHalfOpen: true });
    outside.setNoDelay();
    this.#keep(outside);
    const there = this.#flow(inside, outside);
    this.#flow(outside, inside);
    let dialled = false;
    const dial = (): void => {
      dialled = true;
      outside.connect(this.#target(), '127.0.0.1');
    };
    there.send(0, dial, HANDSHAKE_WAYS * this.#conditions.delayMs());
    // Clients that give up early must not pile up while a path is stalled.
    inside.once('end', () => {
      if (!dialled && this.#conditions.isStalled()) for (const socket of [inside, outside]) socket.destroy();
    });
  }

  #flow(from: Socket, to: Socket): Flow {
    const flow = new Flow(from, to, this.#conditions);
    this.#flows.add(flow);
    to.once('close', () => this.#flows.delete(flow));
    return flow;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // A break is passed on by 'close'.
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
