import fc from 'fast-check';
import { expect, it } from 'vitest';
import { failed, HELD_MS } from './histories.ts';
import { AGENTS, Model, OPS, type Step } from './model.ts';

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom(...OPS),
    agent: fc.constantFrom(...AGENTS),
    asker: fc.nat(1),
    dtMs: fc.nat(HELD_MS),
  }),
  { maxLength: 120 },
);

async function failuresOf(before: Step[], inject: (model: Model) => void, after: Step[]): Promise<string[]> {
  const model = new Model();
  try {
    for (const step of before) model.step(step);
    inject(model);
    for (const step of after) model.step(step);
    model.finish();
    return failed(await model.world.judge());
  } finally {
    model.world.remove();
  }
}

// Side by side: most of their time they wait for files.
it.concurrent('passes every correct history', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (before) => {
      expect(await failuresOf(before, () => {}, [])).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it.concurrent.each<[string, string, (model: Model) => void]>([
  ['one lost event', 'delivered', (model) => model.injectLoss()],
  ['one event that only its home has', 'delivered', (model) => model.injectWithheld()],
  ['one event that its home has lost', 'delivered', (model) => model.injectForgottenAtHome()],
  ['one usurped claim', 'authority', (model) => model.injectUsurper()],
  ['one conflict in silence', 'conflicts', (model) => model.injectSilence()],
  ['one agent told to two callers', 'one-holder', (model) => model.injectSecondHolder()],
  ['one claim that ended under its caller', 'as-told', (model) => model.injectOwnEnd()],
  ['one yes that no replica holds', 'replicated', (model) => model.injectUnreplicated()],
  ['one end that nobody asked for', 'told', (model) => model.injectTakeaway()],
  ['one understated age', 'honest-staleness', (model) => model.injectUnderstatement()],
  ['one word that is older than its caller allows', 'honest-staleness', (model) => model.injectOldWord()],
  ['one agent who is not called stale', 'stale-marking', (model) => model.injectConcealment()],
])('finds %s, wherever it happens, and nothing else', async (_what, promise, inject) => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      expect(await failuresOf(before, inject, after)).toEqual([promise]);
    }),
    { numRuns: 30 },
  );
});

it.concurrent('passes a history in which a failover took an event and its message, wherever it happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      expect(await failuresOf(before, (model) => model.injectFailover(), after)).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

it.concurrent('finds one call with two agents, wherever it happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      expect(await failuresOf(before, (model) => model.injectTwoAgents(), after)).toContain('one-call');
    }),
    { numRuns: 30 },
  );
});

it.concurrent('finds one overlap, wherever it happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      expect(await failuresOf(before, (model) => model.injectOverlap(), after)).toContain('exclusive');
    }),
    { numRuns: 30 },
  );
});
