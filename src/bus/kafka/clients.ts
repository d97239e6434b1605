import { isIP } from 'node:net';
import { type BaseOptions, GenericError } from '@platformatic/kafka';
import type { TlsTexts } from '../../ops/tls.ts';
import { BusUnavailable, MessageRefused } from '../bus.ts';
import { CLOSED, reasonOf } from './failure.ts';
import { ignoreLateErrors } from './late-errors.ts';

/** Addresses and credentials of a Kafka cluster. */
export interface KafkaAccess {
  /** Bootstrap brokers, `host:port`. */
  brokers: string[];
  clientId: string;
  /** PEM texts; undefined: no TLS. */
  tls?: TlsTexts;
  sasl?: NonNullable<BaseOptions['sasl']>;
}

const CONNECT_LIMIT_MS = 2_000;
/** Request timeout. A broker that exceeds it counts as lost. */
const ANSWER_LIMIT_MS = 3_000;

/** Options of every Kafka client. Clients do not retry: their callers do, since they know how long a retry is useful. */
export function clientOptions({ brokers, clientId, tls, sasl }: KafkaAccess): BaseOptions {
  ignoreLateErrors();
  return {
    bootstrapBrokers: brokers,
    clientId,
    connectTimeout: CONNECT_LIMIT_MS,
    requestTimeout: ANSWER_LIMIT_MS,
    timeout: ANSWER_LIMIT_MS,
    retries: 0,
    autocreateTopics: false,
    // Managed Kafka services route by the TLS server name (SNI). An IP address is not allowed there.
    ...(tls && { tls, tlsServerName: brokers.some((broker) => !isIP(hostOf(broker))) }),
    ...(sasl && { sasl }),
  };
}

const hostOf = (broker: string): string => broker.slice(0, broker.lastIndexOf(':')).replace(/^\[|\]$/g, '');

/** Wraps an error of the Kafka client as BusUnavailable, with a reason for operators. */
export function unavailable({ brokers, tls }: KafkaAccess, error: unknown): BusUnavailable {
  if (error instanceof BusUnavailable) return error;
  const reason = reasonOf(error);
  // Under TLS 1.3 a broker that misses a client certificate closes the connection only after the handshake, without a reason.
  const guess = tls && !tls.cert && reason === CLOSED ? ', as brokers do that require a client certificate' : '';
  return new BusUnavailable(`the bus at ${brokers.join(', ')} cannot be used now: ${reason}${guess}`, { cause: error });
}

/** Broker errors that concern the message itself: a retry cannot succeed. */
const REFUSALS = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP'];

/** Whether an error concerns the message, and not the bus. */
export const isOfMessage = (error: unknown): boolean =>
  isAnswer(error, ...REFUSALS) || (error as { code?: string }).code === 'ERR_INVALID_ARG_TYPE';

/** The error for a failed publish: MessageRefused if a message is the cause, otherwise BusUnavailable. */
export function failureOf(access: KafkaAccess, error: unknown): Error {
  if (error instanceof MessageRefused) return error;
  return isOfMessage(error) ? new MessageRefused(reasonOf(error), { cause: error }) : unavailable(access, error);
}

/** Whether a broker answered with one of Kafka's errors, e.g. `MESSAGE_TOO_LARGE`. */
export function isAnswer(error: unknown, ...ids: string[]): boolean {
  if (!(error instanceof Error) || !GenericError.isGenericError(error)) return false;
  return ids.some((id) => (error as GenericError).findBy('apiId', id) !== null);
}
