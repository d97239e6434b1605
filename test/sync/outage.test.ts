import { ClientClosedError, ErrorReply, SocketClosedUnexpectedlyError } from '@redis/client';
import { describe, expect, it } from 'vitest';
import { InvalidEvent } from '../../src/agent/event.ts';
import { BusUnavailable, MessageRefused } from '../../src/bus/bus.ts';
import { within } from '../../src/ops/clock.ts';
import { OutboxFull, ShardUnavailable } from '../../src/store/store.ts';
import { NotReplicated } from '../../src/store/written.ts';
import { isOutage } from '../../src/sync/flow/outage.ts';

const caught = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
};
const withCode = (code: string): Error => Object.assign(new Error('it failed'), { code });
const reply = (message: string): Error => new ErrorReply(message);

describe('an outage is an error of the store, the bus or the network', () => {
  const never = new Promise(() => undefined);
  it.each<[string, unknown]>([
    ['a shard that is away', new ShardUnavailable('down')],
    ['a write without a replica', new NotReplicated()],
    ['a full outbox', new OutboxFull('full')],
    ['a bus that is away', new BusUnavailable('away')],
    ['a lost connection to Redis', new SocketClosedUnexpectedlyError()],
    ['a closed client of Redis', new ClientClosedError()],
    ...[
      'CLUSTERDOWN The cluster is down',
      'READONLY You can’t write against a read only replica.',
      'MISCONF Redis is configured to save RDB snapshots',
      "OOM command not allowed when used memory > 'maxmemory'.",
      'LOADING Redis is loading the dataset in memory',
      'TRYAGAIN Multiple keys request during rehashing of slot',
      'NOREPLICAS Not enough good replicas to write.',
      'MASTERDOWN Link with MASTER is down',
      'BUSY Redis is busy running a script.',
      'NOPERM this user has no permissions',
      'ERR max number of clients reached',
      'ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed',
    ].map((message): [string, unknown] => [message.slice(0, 20), reply(message)]),
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND', 'EMFILE', 'PLT_KFK_NETWORK'].map(
      (code): [string, unknown] => [code, withCode(code)],
    ),
    ['a request of which the network is the cause', new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })],
    ['several at once', new AggregateError([new Error('a'), new BusUnavailable('b')])],
    ['the end of this instance', new DOMException('aborted', 'AbortError')],
  ])('%s', (_, error) => {
    expect(isOutage(error)).toBe(true);
  });

  it('a late answer', async () => {
    const late = await within(never, 1).catch((error) => error);
    expect(isOutage(late)).toBe(true);
  });
});

describe('any other error is no outage', () => {
  it.each<[string, unknown]>([
    ['an event that cannot be read', new InvalidEvent([{ field: '/', message: 'is not JSON' }])],
    ['a message that the bus never takes', new MessageRefused('too large')],
    ['ill-formed text', caught(() => encodeURIComponent('\ud800'))],
    ['JSON that is none', caught(() => JSON.parse('{'))],
    ['a mistake of our own', caught(() => (undefined as unknown as { a: string }).a)],
    ['a text that is too long', new RangeError('Invalid string length')],
    ['a script that stumbles over what it is given', reply('ERR user_script:7: attempt to index a nil value')],
    ['a key of another kind', reply('WRONGTYPE Operation against a key holding the wrong kind of value')],
    [
      'an argument that is none',
      new TypeError('"arguments[3]" must be of type "string | Buffer", got number instead.'),
    ],
    ['what is no error', 'nothing'],
    ['nothing', undefined],
  ])('%s', (_, error) => {
    expect(isOutage(error)).toBe(false);
  });

  it('also where errors cause each other in a circle', () => {
    const [one, other] = [new Error('one'), new Error('other')];
    Object.assign(one, { cause: other });
    Object.assign(other, { cause: one });
    expect(isOutage(one)).toBe(false);
  });
});
