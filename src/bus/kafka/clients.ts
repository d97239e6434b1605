import { isIP } from 'node:net';
import { type BaseOptions, GenericError } from '@platformatic/kafka';
import type { TlsTexts } from '../../ops/tls.ts';
import { BusUnavailable, MessageRefused } from '../bus.ts';
import { CLOSED, reasonOf } from './failure.ts';
import { hearStrayErrors } from './strays.ts';

/** How to reach a Kafka, and who to be there. */
export interface KafkaAccess {
  /** `host:port` of some brokers; the rest of the cluster is found from them. */
  brokers: string[];
  clientId: string;
  /** PEM texts; undefined: no TLS. */
  tls?: TlsTexts;
  sasl?: NonNullable<BaseOptions['sasl']>;
}

const CONNECT_LIMIT_MS = 2_000;
/** A broker that answers later than this is taken for lost. */
const ANSWER_LIMIT_MS = 3_000;

/** What every client has in common. A call fails instead of being repeated: whoever made it repeats it, and knows when. */
export function clientOptions({ brokers, clientId, tls, sasl }: KafkaAccess): BaseOptions {
  hearStrayErrors();
  return {
    bootstrapBrokers: brokers,
    clientId,
    connectTimeout: CONNECT_LIMIT_MS,
    requestTimeout: ANSWER_LIMIT_MS,
    timeout: ANSWER_LIMIT_MS,
    retries: 0,
    autocreateTopics: false,
    // Shared front ends, such as clouds have, choose by the name that a client asks for; an address is none.
    ...(tls && { tls, tlsServerName: brokers.some((broker) => !isIP(hostOf(broker))) }),
    ...(sasl && { sasl }),
  };
}

const hostOf = (broker: string): string => broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '');

export function unavailable({ brokers, tls }: KafkaAccess, error: unknown): BusUnavailable {
  if (error instanceof BusUnavailable) return error;
  const reason = reasonOf(error);
  // All that TLS 1.3 lets a client see of it: the certificate is missed once the connection is there.
  const guess = tls && !tls.cert && reason === CLOSED ? ', as brokers do that want a certificate of their clients' : '';
  return new BusUnavailable(`the bus at ${brokers.join(', ')} cannot be used now: ${reason}${guess}`, { cause: error });
}

/** Answers that are about the message: no broker will ever take it. */
const REFUSALS = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP'];

/** Whether what failed is a message, and not the bus. */
export const isOfMessage = (error: unknown): boolean =>
  isAnswer(error, ...REFUSALS) || (error as { code?: string }).code === 'ERR_INVALID_ARG_TYPE';

/** What to tell whoever has published in vain: that one of the messages cannot be, or else that the bus is away. */
export function failureOf(access: KafkaAccess, error: unknown): Error {
  if (error instanceof MessageRefused) return error;
  return isOfMessage(error) ? new MessageRefused(reasonOf(error), { cause: error }) : unavailable(access, error);
}

/** Whether a broker answered with one of Kafka's errors, e.g. `MESSAGE_TOO_LARGE`. */
export function isAnswer(error: unknown, ...ids: string[]): boolean {
  if (!(error instanceof Error) || !GenericError.isGenericError(error)) return false;
  return ids.some((id) => (error as GenericError).findBy('apiId', id) !== null);
}
