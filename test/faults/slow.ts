/** Tests of faults that take long: most of it is waiting for time-outs. `npm run faults` runs them, `npm test` does not. */
export const SLOW_FAULTS = [
  'clocks',
  'cxone',
  'host-paused',
  'races',
  'read-through',
  'two-stores',
  'unusable-nodes',
].map((name) => `test/faults/${name}.test.ts`);
