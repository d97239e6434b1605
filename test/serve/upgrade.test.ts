import { describe, expect, it, vi } from 'vitest';
import { nextStep, type UpgradeState, whyNotFinish, whyNotOlder, whyNotStart } from '../../src/serve/upgrade.ts';

// A next format, as in an upgrade.
vi.mock('../../src/agent/exchange.ts', () => ({
  EXCHANGE: { oldest: 1, newest: 2 },
  OLDEST_EXCHANGE: { sends: 1, reads: 1 },
}));

const note = (more: object = {}) => ({
  ...{ version: '2.0.0', stores: ['3', '4'], exchange: { sends: 1, reads: 2 }, peers: {} },
  ...more,
});
const OLD = note({ version: '1.0.0', stores: ['3'], exchange: { sends: 1, reads: 1 } });
const peer = (more: object = {}) => ({ region: 'us', state: 'fresh', sends: 1, reads: 2, ...more });

/** A region whose instances are all new, before `start`. */
const state = (more: Partial<UpgradeState> = {}): UpgradeState => ({
  region: 'eu',
  knows: { stores: ['3', '4'], exchange: [1, 2] },
  instances: [{ name: 'eu-1', note: note() }],
  domains: [{ domain: 'main', format: '3', flips: 0 }],
  wanted: 1,
  peers: [peer()],
  ...more,
});
const FLIPPED = [{ domain: 'main', format: '4', flips: 1 }];
const MIXED = [{ domain: 'main', format: '4', mixed: '3', flips: 1 }];

describe('an upgrade', () => {
  it.each<[what: string, UpgradeState, start: RegExp[], finish: RegExp[], older: RegExp[], next: RegExp]>([
    ['has not begun', state(), [], [/has format 3.*start/], [], /start` changes that/],
    [
      'has an old instance',
      state({ instances: [{ name: 'eu-0', note: OLD }] }),
      [/eu-0 \(1\.0\.0\) does not know/],
      [/eu-0/, /has format 3/],
      [],
      /not all new yet/,
    ],
    [
      'has an instance that says nothing',
      state({ instances: [{ name: 'eu-0', note: undefined }] }),
      [/eu-0 does not say/],
      [/eu-0/, /format 3/],
      [],
      /not all new yet/,
    ],
    [
      'converts records',
      state({ domains: MIXED }),
      [],
      [/still being converted to format 4/],
      [/has format 4/],
      /being converted to format 4/,
    ],
    ['has converted all', state({ domains: FLIPPED }), [], [], [/has format 4/], /finish` ends the upgrade/],
    [
      'waits for another region',
      state({ domains: FLIPPED, peers: [peer({ reads: 1 })] }),
      [],
      [/us reads formats up to 1/],
      [/has format 4/],
      /other regions are not ready/,
    ],
    [
      'does not hear another region',
      state({ domains: FLIPPED, peers: [peer({ state: 'stale' })] }),
      [],
      [/us is stale/],
      [/has format 4/],
      /other regions are not ready/,
    ],
    [
      'is finished',
      state({
        domains: FLIPPED,
        wanted: 2,
        instances: [{ name: 'eu-1', note: note({ exchange: { sends: 2, reads: 2 } }) }],
      }),
      [],
      [],
      [/has format 4/, /eu sends format 2/],
      /is finished/,
    ],
    [
      'is on its way back',
      state({ domains: [{ domain: 'main', format: '3', mixed: '4', flips: 2 }] }),
      [],
      [/has format 3/],
      [/still being converted to format 3/],
      /older format/,
    ],
    [
      'is back, but another region is not',
      state({ peers: [peer({ sends: 2 })] }),
      [],
      [/has format 3/],
      [/us sends format 2: run `muster upgrade back` there/],
      /older format/,
    ],
  ])('%s', (_, now, start, finish, older, next) => {
    const expectReasons = (reasons: string[], expected: RegExp[]): void => {
      expect(reasons).toHaveLength(expected.length);
      for (const [i, pattern] of expected.entries()) expect(reasons[i]).toMatch(pattern);
    };
    expectReasons(whyNotStart(now), start);
    expectReasons(whyNotFinish(now), finish);
    expectReasons(whyNotOlder(now), older);
    expect(nextStep(now)).toMatch(next);
  });

  it('does not exist in a version that knows one format', () => {
    expect(nextStep(state({ knows: { stores: ['3'], exchange: [1] } }))).toMatch(/nothing to upgrade/);
  });
});
