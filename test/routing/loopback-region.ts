import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** What a region was asked for. */
export interface Asked {
  /** Method and path, e.g. `POST /v1/claims`. */
  what: string;
  headers: IncomingHttpHeaders;
  /** Undefined where there was none. */
  body: unknown;
}

/** `silence`: the question is taken, and nothing follows. `hang up`: the connection breaks. */
type Answer = { status: number; body: unknown; headers?: Record<string, string> } | 'silence' | 'hang up';

/** Another region on loopback: real HTTP, answers that a test decides. */
export class LoopbackRegion {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Answer = () => ({ status: 200, body: {} });
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<LoopbackRegion> {
    const server = createServer();
    const region = new LoopbackRegion(server);
    server.on('request', async (request, response) => {
      const { method, url, headers } = request;
      const body = method === 'POST' ? await json(request) : undefined;
      const asked = { what: `${method} ${url}`, headers, body };
      region.asked.push(asked);
      const answer = region.answer(asked);
      if (answer === 'silence') return;
      if (answer === 'hang up') request.socket.destroy();
      else {
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        response.writeHead(answer.status, answer.headers).end(text);
      }
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return region;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends what it has left unanswered, too. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
