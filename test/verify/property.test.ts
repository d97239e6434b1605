import fc from 'fast-check';
import { expect, it } from 'vitest';
import { failed, HELD_MS } from './histories.ts';
import { Model, OPS, type Step } from './model.ts';

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom(...OPS),
    agent: fc.constantFrom('ann', 'bob', 'cid'),
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

it('passes every correct history', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (before) => {
      expect(await failuresOf(before, () => {}, [])).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it('finds one overlap, wherever it happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      expect(await failuresOf(before, (model) => model.injectOverlap(), after)).toContain('exclusive');
    }),
    { numRuns: 100 },
  );
});

it('finds one lost event, wherever it happens', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, async (before, after) => {
      expect(await failuresOf(before, (model) => model.injectLoss(), after)).toEqual(['delivered']);
    }),
    { numRuns: 100 },
  );
});
