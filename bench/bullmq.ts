import { randomUUID } from 'node:crypto';
import { type Job, Queue, Worker } from 'bullmq';
import { Cluster } from 'ioredis';
import type { Contestant } from './compare.ts';
import { MOST } from './pool.ts';

const NAME = 'agents';
/** As many as agents are available. */
const JOBS = 2 * MOST;

/** BullMQ taking the next job of a queue, where a job stands for an agent: a lock, without skills, fence or replica. */
export class BullMq implements Contestant {
  readonly name = 'BullMQ';
  readonly most = MOST;
  readonly #connection: Cluster;
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #taken: { job: Job; token: string }[] = [];

  /** @param domain the queue is on the master of this domain */
  private constructor(addresses: string[], domain: string) {
    this.#connection = new Cluster(addresses, { redisOptions: { maxRetriesPerRequest: null } });
    const options = { connection: this.#connection, prefix: `bullmq:{${domain}}` };
    this.#queue = new Queue(NAME, options);
    this.#worker = new Worker(NAME, null, { ...options, autorun: false });
  }

  /** @param addresses of all nodes, as `host:port` */
  static async start(addresses: string[], domain: string): Promise<BullMq> {
    const bullMq = new BullMq(addresses, domain);
    await bullMq.#worker.waitUntilReady();
    await bullMq.#fill(JOBS);
    return bullMq;
  }

  async operation(): Promise<void> {
    const token = randomUUID();
    const job: Job | undefined = await this.#worker.getNextJob(token, { block: false });
    if (!job) throw new Error('BullMQ found no job, though there are more than a burst takes');
    this.#taken.push({ job, token });
  }

  async cleanUp(): Promise<void> {
    const taken = this.#taken.splice(0);
    await Promise.all(taken.map(({ job, token }) => job.moveToCompleted(undefined, token, false)));
    await this.#fill(taken.length);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#worker.close(), this.#queue.close()]);
    this.#connection.disconnect();
  }

  async #fill(count: number): Promise<void> {
    if (count === 0) return;
    const opts = { removeOnComplete: true };
    await this.#queue.addBulk(Array.from({ length: count }, (_, i) => ({ name: NAME, data: { agent_id: i }, opts })));
  }
}
