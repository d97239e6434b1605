import { describe, expect, it } from 'vitest';
import { type BusMessage, BusUnavailable } from '../../src/bus/bus.ts';
import { type DeadLetter, openLetter } from '../../src/bus/dead-letter.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { SetAside } from '../../src/sync/flow/set-aside.ts';

const log = createLog('silent', 'eu', 'test');
const MESSAGE: BusMessage = { key: 'crm:ann', headers: { ce_id: 'x' }, value: '{"event_id":"x"}' };

/** What the instances of a region share: their notes on it. */
function store() {
  const noted: Record<string, string> = {};
  const write = async (_of: string, _name: string, fields: Record<string, string>) => void Object.assign(noted, fields);
  return { notes: { read: async () => ({ 3: 'a stamp', ...noted }), readSome: async () => [], write } };
}

function create(
  keep: (letter: BusMessage) => void,
  shared = store(),
  instance = 'eu-1',
  clock = systemClock,
): SetAside {
  const bus = { deadLetter: async (letter: BusMessage) => keep(letter) };
  return new SetAside({ bus, store: shared, region: 'eu', instance, clock, log, metrics: createMetrics('eu') });
}

describe('a message that is set aside', () => {
  it('is a dead letter with reason, source and time, whatever was thrown', async () => {
    const letters: DeadLetter[] = [];
    const setAside = create((letter) => letters.push(openLetter(letter)));
    await setAside.letter(MESSAGE, new URIError('URI malformed'), 'outbox', 'outbox 3, 1-1');
    await setAside.letter(MESSAGE, 'a word', 'bus', 'bus partition 3, 1-1');
    expect(letters).toMatchObject([
      { message: MESSAGE, reason: 'URIError: URI malformed', region: 'eu', from: 'outbox 3, 1-1' },
      { message: MESSAGE, reason: 'a word' },
    ]);
    expect(letters[0]?.stack).toContain('set-aside.test.ts');
  });

  it('is kept in part if the bus refuses the whole', async () => {
    const letters: DeadLetter[] = [];
    const setAside = create((letter) => {
      if (letter.key !== '') throw new RangeError('too long');
      letters.push(openLetter(letter));
    });
    await setAside.letter(MESSAGE, new Error('odd'), 'bus', 'here');
    expect(letters).toMatchObject([
      { reason: 'Error: odd', message: { value: JSON.stringify({ key: 'crm:ann', value: MESSAGE.value }) } },
    ]);
  });

  it('is only logged if the bus refuses every form, and does not stop processing', async () => {
    const setAside = create(() => {
      throw new TypeError('never');
    });
    await setAside.letter(MESSAGE, new Error('odd'), 'bus', 'here');
    expect(await setAside.lately()).toMatchObject({ count: 1, last: { key: 'crm:ann', reason: 'Error: odd' } });
  });

  it('is retried while the bus is unavailable', async () => {
    const setAside = create(() => {
      throw new BusUnavailable('away');
    });
    await expect(setAside.letter(MESSAGE, new Error('odd'), 'bus', 'here')).rejects.toThrow(BusUnavailable);
    expect(await setAside.lately()).toEqual({ count: 0 });
  });

  it('may be of any length and ill-formed', async () => {
    const letters: BusMessage[] = [];
    const setAside = create((letter) => letters.push(letter));
    const long = '\ud800'.repeat(2_000_000);
    await setAside.letter({ key: long, headers: { note: long }, value: long }, new Error(long), 'bus', 'here');
    const { key = long, value = '', headers = {} } = letters[0] ?? {};
    expect(key.length).toBeLessThanOrEqual(1000);
    expect(value.length).toBeLessThan(100_000);
    expect([value, headers.muster_reason, headers.muster_stack].map((each) => each?.isWellFormed())).toEqual([
      true,
      true,
      true,
    ]);
    expect(openLetter(letters[0] as BusMessage).cutFrom).toBe(Buffer.byteLength(long));
  });
});

describe('the report of set-aside items', () => {
  it('is the same from every instance: the sum of the region, and the last item', async () => {
    const shared = store();
    const [one, other] = [create(() => undefined, shared), create(() => undefined, shared, 'eu-2')];
    await one.letter(MESSAGE, new Error('first'), 'bus', 'here');
    one.tell('crm:bob', new Error('second'), 'stream', 'there');
    await expect
      .poll(() => other.lately())
      .toMatchObject({ count: 2, last: { reason: 'Error: second', place: 'stream' } });
    await other.letter(MESSAGE, new Error('third'), 'bus', 'here');
    await expect.poll(() => one.lately()).toMatchObject({ count: 3, last: { reason: 'Error: third' } });
  });

  it('expires', async () => {
    let nowMs = systemClock.nowMs();
    const setAside = create(() => undefined, store(), 'eu-1', { ...systemClock, nowMs: () => nowMs });
    await setAside.letter(MESSAGE, new Error('odd'), 'bus', 'here');
    expect((await setAside.lately()).count).toBe(1);
    nowMs += 3_700_000;
    expect(await setAside.lately()).toEqual({ count: 0 });
  });

  it('knows an item of the same agent with the same reason again', () => {
    const setAside = create(() => undefined);
    expect(setAside.isKnown('ann', new Error('odd'))).toBe(false);
    expect(setAside.isKnown('ann', new Error('odd'))).toBe(true);
    expect(setAside.isKnown('bob', new Error('odd'))).toBe(false);
    expect(setAside.isKnown('ann', new Error('even'))).toBe(false);
  });
});
