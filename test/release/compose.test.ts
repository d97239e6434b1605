import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { Composition } from './composed.ts';

/** There is no daemon here: `npm run release -- --prove` runs the same files and commands on loopback addresses. */
const folder = mkdtempSync(join(tmpdir(), 'muster-compose-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const composition = new Composition(folder);
const { services } = composition.file;
const names = composition.regions.map(([name]) => name);

test('there are three regions', () => {
  expect(names).toEqual(['us-east-1', 'eu-west-1', 'ap-southeast-1']);
});

test.each(composition.regions)('the config of %s is valid, and its hosts are services', (name, service) => {
  const text = composition.read(service, '/etc/muster/region.yaml');
  const config = readConfig(text, '/etc/muster/region.yaml', { ...service.environment });
  expect(config.region).toBe(name);
  expect(Object.keys(config.regions)).toEqual(names);
  const urls = [
    ...Object.values(config.regions).map(({ url }) => url),
    config.bus.driver === 'kafka' ? '' : config.bus.url,
  ];
  const hosts = [
    ...urls.map((url) => new URL(url).hostname),
    ...config.redis.nodes.map((node) => node.split(':', 1)[0] ?? ''),
  ];
  expect(hosts.filter((host) => !(host in services))).toEqual([]);
});

test.each(Object.entries(services))(
  '%s is shown files that exist, and writes nowhere but into volumes',
  (_, service) => {
    for (const file of composition.filesOf(service).values()) expect(existsSync(file), file).toBe(true);
    expect(service.read_only).toBe(true);
  },
);

test.each(names)('the Redis Cluster of %s has six nodes of its own', (name) => {
  const nodes = Object.keys(services).filter((each) => each.startsWith(`${name}-redis-`));
  expect(nodes).toHaveLength(6);
  const joined = services[`${name}-cluster`]?.command?.slice(2);
  expect(joined).toEqual(nodes.map((each) => `${composition.addressOf(each)}:6379`));
});

test('no two services have one address or one port', () => {
  const addresses = Object.keys(services)
    .filter((name) => !name.endsWith('-cluster'))
    .map((name) => composition.addressOf(name));
  expect(new Set(addresses).size).toBe(addresses.length);
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  expect(new Set(ports).size).toBe(3);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test('no secret stands in a file of the repository, and the folder of those that were made is closed', () => {
  expect(statSync(join(composition.folder, 'secrets')).mode & 0o77).toBe(0);
  for (const file of [
    'compose.yaml',
    'region.yaml',
    'redis/node.conf',
    'redis/bus.conf',
    'redis/cluster.acl',
    'redis/bus.acl',
  ])
    expect(readFileSync(join(composition.folder, file), 'utf8')).not.toMatch(
      /(masterauth|requirepass|password: +[^$\s])|>(?!PASSWORD)\w/,
    );
  // Redis knows digests only.
  expect(readFileSync(join(composition.folder, 'secrets/cluster.acl'), 'utf8')).not.toContain('>');
});
