import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { createGenesysReader } from '../../src/platforms/genesys/reader.ts';

/** Who is unknown to the platform is reported as gone. */
const NO_WITNESS = 'genesys-test:0b7a3c1e-5a0e-4c5e-9d0e-3f0f5a1c1111';
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A reader of an organisation, with so many requests a minute. */
async function readerWith(perMinute: number) {
  const simulator = await startGenesysSimulator({ agents: 2, queues: 1, paused: true });
  ends.push(() => simulator.stop());
  const counted: string[] = [];
  const context = {
    connection: 'genesys-test',
    budget: new Budget(systemClock, perMinute),
    log: { info: () => {}, warn: () => {} },
    count: (name: string) => counted.push(name),
  };
  const settings = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  const reader = createGenesysReader(settings, context, systemClock);
  ends.push(() => reader.close());
  return { simulator, counted, read: () => reader.read([NO_WITNESS], new AbortController().signal) };
}

test('a reader asks as often as its budget allows, and does not wait for more', async () => {
  const { counted, read } = await readerWith(2);
  await read();
  expect(await read()).not.toEqual([]);
  expect(counted).toEqual([]);
  await expect(read()).rejects.toThrow('used up');
  expect(counted).toEqual(['out_of_budget']);
});

test('a reader that the platform refuses asks no more for as long as it was told', async () => {
  const { simulator, counted, read } = await readerWith(100);
  simulator.faults({ throttleNext: 1, retryAfterSeconds: 60 });
  await expect(read()).rejects.toThrow('429');
  await expect(read()).rejects.toThrow('not sent');
  expect(counted).toEqual(['throttled', 'out_of_budget']);
});
