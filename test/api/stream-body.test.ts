import { once } from 'node:events';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { StreamBody, type StreamEnd } from '../../src/api/stream/stream-body.ts';

const quiet = { event: 'quiet', id: 'eu/main:1-0' } as const;

/** News without end, and how often they were asked for. */
function endless() {
  const source = { asked: 0 };
  async function* news(signal: AbortSignal) {
    while (!signal.aborted) {
      source.asked += 1;
      await turn();
      yield [quiet];
    }
  }
  return { source, news };
}

const ends: StreamEnd[] = [];
const onEnd = (why: StreamEnd): void => void ends.push(why);

it('cuts a listener off who takes nothing, for whom no more than a page is read ahead', async () => {
  ends.length = 0;
  const { source, news } = endless();
  const stream = new StreamBody({ news, onEnd, stalledMs: 20 });
  stream.body.pipe(new Writable({ highWaterMark: 1, write: () => undefined }));
  await once(stream.body, 'close');
  expect(ends).toEqual(['slow']);
  expect(source.asked).toBeLessThan(4);
});

it('ends when what its listener has shown expires, in the middle of nothing', async () => {
  ends.length = 0;
  const { news } = endless();
  const stream = new StreamBody({ news, onEnd, lifeMs: 1 });
  let text = '';
  for await (const each of stream.body) text += each;
  expect(ends).toEqual(['expired']);
  expect(text.endsWith('\n\n')).toBe(true);
  expect(text).not.toContain('draining');
});

it('leaves no timer behind when it ends while news come, and its listener leaves', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const coming = Promise.withResolvers<(typeof quiet)[]>();
  async function* news() {
    yield await coming.promise;
  }
  const stream = new StreamBody({ news, onEnd });
  stream.body.on('data', () => undefined);
  await turn();
  stream.end('draining');
  stream.body.destroy();
  coming.resolve([quiet]);
  await once(stream.body, 'close');
  vi.advanceTimersByTime(1000);
  expect(vi.getTimerCount()).toBe(0);
});
