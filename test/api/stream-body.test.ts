import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { StreamBody, type StreamEnd } from '../../src/api/stream/stream-body.ts';

const keepAlive = { event: 'keep-alive', id: 'eu/main:1-0' } as const;

/** StreamEvent without end, and how often they were asked for. */
function endless() {
  const source = { asked: 0 };
  async function* events(signal: AbortSignal) {
    while (!signal.aborted) {
      source.asked += 1;
      await turn();
      yield [keepAlive];
    }
  }
  return { source, events };
}

const ends: StreamEnd[] = [];
const onEnd = (why: StreamEnd): void => void ends.push(why);

it('cuts a listener off who takes nothing, for whom no more than a page is read ahead', async () => {
  ends.length = 0;
  const { source, events } = endless();
  const stream = new StreamBody({ events, onEnd, stalledMs: 20 });
  stream.body.pipe(new Writable({ highWaterMark: 1, write: () => undefined }));
  await once(stream.body, 'close');
  expect(ends).toEqual(['slow']);
  expect(source.asked).toBeLessThan(4);
});

it('ends when what its listener has shown expires, in the middle of nothing', async () => {
  ends.length = 0;
  const { events } = endless();
  const stream = new StreamBody({ events, onEnd, lifeMs: 1 });
  let text = '';
  for await (const each of stream.body) text += each;
  expect(ends).toEqual(['expired']);
  expect(text.endsWith('\n\n')).toBe(true);
  expect(text).not.toContain('draining');
});

it('leaves no timer behind when it ends while events come, and its listener leaves', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const coming = Promise.withResolvers<(typeof keepAlive)[]>();
  async function* events() {
    yield await coming.promise;
  }
  const stream = new StreamBody({ events, onEnd });
  stream.body.on('data', () => undefined);
  await turn();
  stream.end('draining');
  stream.body.destroy();
  coming.resolve([keepAlive]);
  await once(stream.body, 'close');
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});
