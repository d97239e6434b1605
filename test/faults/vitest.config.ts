import { defineConfig } from 'vitest/config';
import { SOON } from '../fixtures/soon.ts';

/** A process whose host stands still: half a minute of waiting, with a clock that is built for it. */
export default defineConfig({
  test: {
    name: 'standstill',
    reporters: ['default', './test/tally.ts'],
    include: ['test/faults/host-paused.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { ...SOON } },
  },
});
