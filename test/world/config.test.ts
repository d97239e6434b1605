import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { configYaml, type Surroundings } from '../../world/region/config.ts';
import { Credentials, writeClaimKey } from '../../world/tools/credentials.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-local-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const names = ['eu', 'us'];
const around = {
  weather: { host: (_: string, to: string) => `127.0.0.1:${to === 'bus' ? 7480 : 7490}` },
  bus: { settings: () => ({ url: 'redis://127.0.0.1:7480' }) },
  regions: names.map((name, at) => ({ name, url: `http://127.0.0.1:${7401 + at}` })),
  connections: [],
  more: { config: { claims: { heldMs: 5000 } }, connection: {} },
} as unknown as Surroundings;

test.each([
  ['open', false],
  ['closed', true],
])('all regions of a world that is %s sign ids with a key of its own', (_, isClosed) => {
  writeClaimKey(dir);
  const credentials = isClosed ? new Credentials(dir, names) : undefined;
  const [eu, us] = names.map((region) => {
    const place = { region, name: `${region}-1`, port: 7401, redis: { nodes: ['127.0.0.1:7001'] }, credentials };
    return readConfig(configYaml(place, around), join(dir, `${region}-1.yaml`), {}).claims;
  });
  expect(eu).toMatchObject({ keys: [expect.stringMatching(/^.{44}$/)], heldMs: 5000 });
  expect(us?.keys).toEqual(eu?.keys);
  expect(statSync(join(dir, 'claims.key')).mode & 0o777).toBe(0o600);
  writeClaimKey(dir);
  const again = { region: 'eu', name: 'eu-1', port: 7401, redis: { nodes: ['127.0.0.1:7001'] }, credentials };
  expect(readConfig(configYaml(again, around), join(dir, 'eu-1.yaml'), {}).claims.keys).not.toEqual(eu?.keys);
});

test('all regions of a world take agents of no connection, and have one home for them', () => {
  writeClaimKey(dir);
  for (const region of names) {
    const place = {
      region,
      name: `${region}-1`,
      port: 7401,
      redis: { nodes: ['127.0.0.1:7001'] },
      credentials: undefined,
    };
    const { agents } = readConfig(configYaml(place, around), join(dir, `${region}-1.yaml`), {});
    expect(agents.unknown).toEqual({ accept: true, home: 'eu' });
  }
});
