import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { WorldReport } from '../../world/reports/report.ts';
import { nameOf, pinnedServers, sourceOf, titleOf } from './servers.ts';
import { faultsIn } from './trial.ts';

const well = {
  double_bookings: 0,
  lost_events: 0,
  converged: true,
  regions: [{ region: 'eu', claims: { granted: 3 } }],
  faults: [],
} as unknown as WorldReport;

describe('a world on a server', () => {
  it('is well where nothing is wrong', () => {
    expect(faultsIn(well)).toEqual([]);
  });

  it.each([
    [{ double_bookings: 1, double_bookings_by_verify: 1 }, '1 double bookings'],
    [{ lost_events: 2 }, '2 lost events'],
    [{ converged: false }, 'the regions do not agree'],
    [{ regions: [{ region: 'eu', claims: { granted: 0 } }] }, 'eu granted no claim'],
    [{ faults: ['3 answers no call should get'] }, '3 answers no call should get'],
  ])('is not with %o', (more, fault) => {
    expect(faultsIn({ ...well, ...more } as WorldReport)).toEqual([fault]);
  });
});

describe('the pinned servers', () => {
  const servers = pinnedServers();

  it('have names of their own, and each a file that is known or a reason', () => {
    expect(new Set(servers.map(nameOf)).size).toBe(servers.length);
    for (const server of servers) {
      if ('wheel' in server) expect(server.wheel.sha256.x64).toMatch(/^[0-9a-f]{64}$/);
      else if ('debian' in server) expect(server.debian.package).toContain(server.version);
      else expect(server.missing).not.toBe('');
    }
  });

  it('are in docs/supported-versions.md, in their order', () => {
    const page = readFileSync('docs/supported-versions.md', 'utf8');
    const listed = [...page.matchAll(/^\| ((?:Redis|Valkey) [\d.]+) \|/gm)].map(([, title]) => title);
    expect(listed).toEqual(servers.filter((server) => !('missing' in server)).map(titleOf));
    for (const server of servers) {
      if ('wheel' in server) expect(page).toContain(`\`${server.wheel.package.split('==')[0]}\``);
      expect(sourceOf(server)).not.toBe('');
    }
  });
});
