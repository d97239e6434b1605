import { expect, it } from 'vitest';
import type { PlatformHealth } from '../../src/platforms/platform.ts';
import { inWords, tellProgress } from '../../src/sync/reading-progress.ts';

const reading = { step: 'how agents are', agents: 1200, about: 3000, forMs: 40_400 };

it('describes the progress of a first read', () => {
  expect(inWords(reading)).toBe('1,200 of about 3,000 agents read, 40 s so far; now how agents are');
  const { about: _, ...unknown } = reading;
  expect(inWords({ ...unknown, agents: 0, step: 'who there is' })).toBe('0 agents read, 40 s so far; now who there is');
});

it('is logged for running first reads, with the problem if there is one', () => {
  const told: [string, object | undefined][] = [];
  const log = { info: (event: string, fields?: object) => told.push([event, fields]) };
  const health: Record<string, PlatformHealth> = {
    'genesys-emea': { connected: false, agents: 1200, reading, problem: 'GET /api/v2/users answered 503' },
    'cxone-apac': { connected: true, agents: 10, lastSnapshotMs: 1 },
  };
  const connections = [
    { name: 'genesys-emea', title: 'Genesys Cloud' },
    { name: 'cxone-apac', title: 'NICE CXone' },
    { name: 'of-another-instance', title: 'NICE CXone' },
  ];
  tellProgress(connections, health, log);
  expect(told).toEqual([
    [
      'first_reading_progress',
      {
        connection: 'genesys-emea',
        detail: 'Genesys Cloud genesys-emea: 1,200 of about 3,000 agents read, 40 s so far; now how agents are',
        step: 'how agents are',
        agents: 1200,
        about: 3000,
        for_ms: 40_400,
        reason: 'GET /api/v2/users answered 503',
      },
    ],
  ]);
});
