import { RedisClient } from '@redis/client';

/** Longer than any administrative command takes; it detects a frozen node. */
const ANSWER_LIMIT_MS = 6_000;

/** Makes clients of one class. `createClient` makes a class of hundreds of commands for each address, 20 ms of work. */
const clientOf = RedisClient.factory();

/** A connection to one node for administration. It fails rather than wait for ever, and never reconnects. */
export interface AdminConnection {
  /** @throws Error if the node refuses, is gone, or does not answer in time */
  run(...command: string[]): Promise<unknown>;
  close(): void;
}

/** @throws Error if the node is not there or does not answer in time */
export async function connectAdmin(port: number, answerLimitMs = ANSWER_LIMIT_MS): Promise<AdminConnection> {
  const client = clientOf({
    socket: { host: '127.0.0.1', port, reconnectStrategy: false },
    commandOptions: { timeout: 0 },
    maintNotifications: 'disabled',
    disableClientInfo: true,
  });
  // Every failure also rejects the call it belongs to.
  client.on('error', () => {});
  const inTime = async <T>(answer: Promise<T>): Promise<T> => {
    const limit = setTimeout(() => client.destroy(), answerLimitMs);
    return answer.finally(() => clearTimeout(limit));
  };
  await inTime(client.connect());
  return {
    run: (...command) => inTime(client.sendCommand(command)),
    close: () => client.destroy(),
  };
}

/** Runs `work` on a connection of its own. */
export async function withAdmin<T>(
  port: number,
  work: (redis: AdminConnection) => Promise<T>,
  answerLimitMs?: number,
): Promise<T> {
  const redis = await connectAdmin(port, answerLimitMs);
  try {
    return await work(redis);
  } finally {
    redis.close();
  }
}
