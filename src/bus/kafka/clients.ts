import { type BaseOptions, GenericError, MultipleErrors } from '@platformatic/kafka';
import { BusUnavailable } from '../bus.ts';

/** How to reach a Kafka, and who to be there. */
export interface KafkaAccess {
  /** `host:port` of some brokers; the rest of the cluster is found from them. */
  brokers: string[];
  clientId: string;
  /** PEM texts; undefined: no TLS. */
  tls?: { ca?: string; cert?: string; key?: string };
  sasl?: NonNullable<BaseOptions['sasl']>;
}

const CONNECT_LIMIT_MS = 2_000;
/** A broker that answers later than this is taken for lost. */
const ANSWER_LIMIT_MS = 3_000;

/** What every client has in common. A call fails instead of being repeated: whoever made it repeats it, and knows when. */
export function clientOptions({ brokers, clientId, tls, sasl }: KafkaAccess): BaseOptions {
  return {
    bootstrapBrokers: brokers,
    clientId,
    connectTimeout: CONNECT_LIMIT_MS,
    requestTimeout: ANSWER_LIMIT_MS,
    timeout: ANSWER_LIMIT_MS,
    retries: 0,
    autocreateTopics: false,
    ...(tls && { tls }),
    ...(sasl && { sasl }),
  };
}

export function unavailable({ brokers }: KafkaAccess, error: unknown): BusUnavailable {
  if (error instanceof BusUnavailable) return error;
  return new BusUnavailable(`the bus at ${brokers.join(', ')} cannot be used now: ${reasonOf(error)}`, {
    cause: error,
  });
}

/** Whether a broker answered with one of Kafka's errors, e.g. `MESSAGE_TOO_LARGE`. */
export function isAnswer(error: unknown, ...ids: string[]): boolean {
  if (!GenericError.isGenericError(error as Error)) return false;
  return ids.some((id) => (error as GenericError).findBy('apiId', id) !== null);
}

/** The innermost errors say what happened, the outer ones only what it stopped. */
export function reasonOf(error: unknown): string {
  if (error instanceof MultipleErrors) return [...new Set(error.errors.map(reasonOf))].join('; ');
  return error instanceof Error ? error.message : String(error);
}
