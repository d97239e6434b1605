import { expect, it, vi } from 'vitest';
import { Hints } from '../../src/routing/read-through/hints.ts';
import { SOON } from '../fixtures/soon.ts';

/** What is asked of platforms; nobody answers a question before it is told to. */
function questions() {
  const asked: string[][] = [];
  const answers: (() => void)[] = [];
  const ask = (agentIds: string[]): Promise<void> => {
    asked.push(agentIds);
    return new Promise((resolve) => {
      answers.push(resolve);
    });
  };
  return { asked, ask, answer: () => answers.shift()?.() };
}

const LONG_MS = 3_600_000;

it('are asked about at once, and those that come meanwhile together, each once', async () => {
  const { asked, ask, answer } = questions();
  const hints = new Hints({ ask }, 1);
  hints.take('emea', ['emea:1']);
  hints.take('emea', ['emea:2', 'emea:3']);
  hints.take('emea', ['emea:3', 'emea:4']);
  expect(asked).toEqual([['emea:1']]);
  answer();
  await vi.waitFor(() => expect(asked).toEqual([['emea:1'], ['emea:2', 'emea:3', 'emea:4']]), SOON);
  answer();
  await hints.stop();
});

it('of one connection do not wait for those of another', async () => {
  const { asked, ask, answer } = questions();
  const hints = new Hints({ ask }, LONG_MS);
  hints.take('emea', ['emea:1']);
  hints.take('apac', ['apac:1']);
  expect(asked).toEqual([['emea:1'], ['apac:1']]);
  answer();
  answer();
  await hints.stop();
});

it('are bounded: of a flood no more wait than can be asked about soon', async () => {
  const { asked, ask, answer } = questions();
  const hints = new Hints({ ask }, 0);
  const ids = Array.from({ length: 1500 }, (_, n) => `emea:${n}`);
  hints.take('emea', ids);
  await vi.waitFor(() => {
    answer();
    expect(asked.flat()).toEqual(ids.slice(0, 1000));
  }, SOON);
  expect(Math.max(...asked.map(({ length }) => length))).toBe(100);
  answer();
  await hints.stop();
});

it('end when they are stopped, though it was not yet time for the next', async () => {
  const { asked, ask, answer } = questions();
  const hints = new Hints({ ask }, LONG_MS);
  hints.take('emea', ['emea:1']);
  hints.take('emea', ['emea:2']);
  answer();
  await hints.stop();
  hints.take('emea', ['emea:3']);
  expect(asked).toEqual([['emea:1']]);
});
