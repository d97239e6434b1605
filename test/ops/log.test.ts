import { expect, it } from 'vitest';
import { createLog } from '../../src/ops/log.ts';

function logging(level: string) {
  const lines: string[] = [];
  const log = createLog(level, 'eu', 'eu-1', { write: (line) => void lines.push(line) });
  return { log, logged: () => lines.map((line) => JSON.parse(line)) };
}

it('writes the event, its message from the catalogue, and the instance', () => {
  const { log, logged } = logging('info');
  log.warn('shard_down', { shard: '127.0.0.1:7001' });
  log.debug('heartbeat_not_written');
  const common = { region: 'eu', instance: 'eu-1', time: expect.any(Number) };
  const line = { level: 40, event: 'shard_down', msg: 'Shard is down', shard: '127.0.0.1:7001', ...common };
  expect(logged()).toEqual([line]);
});

it('has children whose lines all carry their fields', () => {
  const { log, logged } = logging('debug');
  log.child({ connection: 'emea' }).child({ taker: 'reader' }).info('request_budget_shared');
  expect(logged()).toMatchObject([{ event: 'request_budget_shared', connection: 'emea', taker: 'reader' }]);
});

it('takes no event that is not catalogued, none at another level than its own, and no event among the fields', () => {
  const { log, logged } = logging('silent');
  // @ts-expect-error: the catalogue does not have it
  expect(() => log.warn('shard_gone')).toThrow(TypeError);
  // @ts-expect-error: it is a warning
  log.info('shard_down');
  // @ts-expect-error: a line has one event
  log.warn('shard_down', { event: 'shard_up' });
  log.debug('expired_claim_not_ended');
  log.warn('expired_claim_not_ended');
  expect(logged()).toEqual([]);
});
