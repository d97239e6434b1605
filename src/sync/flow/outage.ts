import { BusUnavailable } from '../../bus/bus.ts';
import { TooLate } from '../../ops/clock.ts';
import { saysNotNow } from '../../store/replies.ts';
import { OutboxFull, ShardUnavailable } from '../../store/store.ts';
import { NotReplicated } from '../../store/written.ts';

/** What the store and the bus say when they cannot be used now. */
const OUTAGES = [ShardUnavailable, NotReplicated, OutboxFull, BusUnavailable, TooLate];

/** What the client of Redis says of its connections; it exports no class above them. */
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

/** Codes of what the network says, the client of Kafka's among them, and that this process has no more sockets. */
const OF_NETWORK = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTCONN', 'EPIPE', 'ETIMEDOUT', 'EADDRNOTAVAIL'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EMFILE', 'ENFILE', 'ENOBUFS'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED'],
  ...['PLT_KFK_NETWORK', 'PLT_KFK_TIMEOUT'],
]);

/** Causes of causes that are looked at. */
const DEPTH = 5;

/**
 * Whether the store, the bus or the network said that they cannot do now what was asked: it is to be tried again, until it
 * works. Everything else comes from the thing that was to be done, and will be the same next time: that one thing is set
 * aside, and nobody waits behind it. That this instance is stopping is no verdict on anything, either.
 */
export function isOutage(error: unknown, depth = DEPTH): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  if (OUTAGES.some((outage) => error instanceof outage) || saysNotNow(error)) return true;
  if (OF_REDIS.has(error.constructor.name) || error.name === 'AbortError') return true;
  if (OF_NETWORK.has(String((error as { code?: unknown }).code))) return true;
  const within = error instanceof AggregateError ? error.errors : [error.cause];
  return within.some((each) => isOutage(each, depth - 1));
}
