import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';

const CONNECTIONS = 64;

/** A server process, and connections to it. */
export class Server {
  readonly #process: ChildProcess;
  readonly #pool: Pool;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#pool = new Pool(url, { connections: CONNECTIONS });
  }

  /** @throws Error if it does not start */
  static async start(name: 'muster' | 'bare', configFile: string): Promise<Server> {
    const child = fork(fileURLToPath(new URL('http-server.ts', import.meta.url)), [name, configFile]);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the server "${name}" did not start`)));
    const [url] = (await Promise.race([once(child, 'message'), ended])) as [string];
    ended.catch(() => {}); // from now on it may end
    return new Server(child, url);
  }

  get(path: string): Promise<unknown> {
    return this.#request({ path, method: 'GET' });
  }

  post(path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    return this.#request({ path, method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Whether a path exists. */
  async has(path: string): Promise<boolean> {
    const { statusCode, body } = await this.#pool.request({ path, method: 'GET' });
    await body.dump();
    return statusCode < 300;
  }

  async stop(): Promise<void> {
    await this.#pool.destroy();
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  async #request(options: Parameters<Pool['request']>[0]): Promise<unknown> {
    const { statusCode, body } = await this.#pool.request(options);
    const answer = await body.json();
    if (statusCode >= 300) throw new Error(`${options.path} answered ${statusCode}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
