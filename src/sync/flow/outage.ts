import { BusUnavailable } from '../../bus/bus.ts';
import { TooLate } from '../../ops/clock.ts';
import { saysNotNow } from '../../store/replies.ts';
import { OutboxFull, ShardUnavailable } from '../../store/store.ts';
import { NotReplicated } from '../../store/written.ts';

/** Errors of the store and the bus that a retry may mend. */
const OUTAGES = [ShardUnavailable, NotReplicated, OutboxFull, BusUnavailable, TooLate];

/** Connection errors of the Redis client, which has no common class for them. */
const OF_REDIS = new Set([
  'ClientClosedError',
  'ClientOfflineError',
  'ConnectionTimeoutError',
  'DisconnectsClientError',
  'MaxCommandRedirectionsError',
  'ReconnectStrategyError',
  'RootNodesUnavailableError',
  'SocketClosedUnexpectedlyError',
  'SocketTimeoutError',
  'TimeoutError',
]);

/** Error codes of the network, of this process when it has no sockets left, and of the Kafka client. */
const OF_NETWORK = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTCONN', 'EPIPE', 'ETIMEDOUT', 'EADDRNOTAVAIL'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EMFILE', 'ENFILE', 'ENOBUFS'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED'],
  ...['PLT_KFK_NETWORK', 'PLT_KFK_TIMEOUT'],
]);

/** Depth to which causes of an error are examined. */
const DEPTH = 5;

/**
 * Whether an error is an outage: the store, the bus or the network cannot do it now, and a retry will succeed later. Any other
 * error comes from the item itself and would occur again; such an item is set aside, and processing continues. An abort
 * because this instance stops counts as an outage, too.
 */
export function isOutage(error: unknown, depth = DEPTH): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  if (OUTAGES.some((outage) => error instanceof outage) || saysNotNow(error)) return true;
  if (OF_REDIS.has(error.constructor.name) || error.name === 'AbortError') return true;
  if (OF_NETWORK.has(String((error as { code?: unknown }).code))) return true;
  const within = error instanceof AggregateError ? error.errors : [error.cause];
  return within.some((each) => isOutage(each, depth - 1));
}
