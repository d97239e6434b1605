import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXAMPLE_CONFIG } from '../../src/config/docs.ts';
import { inspectConfig, loadConfig, readConfig } from '../../src/config/load.ts';
import { ConfigError, problemLine } from '../../src/config/problems.ts';
import { problemsIn } from '../fixtures/config-problems.ts';

const ENV = { GENESYS_CLIENT_ID: 'id', GENESYS_CLIENT_SECRET: 'secret', PORT: '7402', ONE: '1' };

/** The example with one text replaced, so that each test shows only what it is about. */
function example(find: string | RegExp = '', replacement = ''): string {
  const changed = EXAMPLE_CONFIG.replace(find, replacement);
  if (find !== '' && changed === EXAMPLE_CONFIG) throw new Error(`the example has no ${find}`);
  return changed;
}

const problemsOf = (text: string): string[] => problemsIn(() => readConfig(text, 'muster.yaml', ENV));

describe('a configuration that fits', () => {
  test('gets every default', () => {
    const config = readConfig(EXAMPLE_CONFIG, 'muster.yaml', ENV);
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 7400 },
      redis: { replicas: 1 },
      bus: { driver: 'redis-streams', topic: 'agent.status.change', partitions: 12 },
      domains: { main: {} },
      ranking: { tenureSecondsPerYear: 0, proficiencySeconds: 0, fairnessSecondsPerMinute: 0, surplusSeconds: 0 },
      claims: { heldMs: 10_000, confirmedMs: 14_400_000, budgetMs: 200, replication: 'grant' },
      freshness: { heartbeatMs: 1000, suspectMs: 10_000, staleMs: 30_000 },
      log: { level: 'info' },
    });
    expect(config.connections.crm).toEqual({ platform: 'events', home: 'us-east-1', domain: 'main' });
    expect(config.queues.support?.wrapUp).toEqual({ rule: 'timed', seconds: 20 });
  });

  test('takes texts and numbers from the environment', () => {
    const text = `${example('127.0.0.1:7001', `"127.0.0.\${ONE}:7001"`)}listen: { port: "\${PORT}" }`;
    const config = readConfig(text, 'muster.yaml', ENV);
    expect(config.listen.port).toBe(7402);
    expect(config.redis.nodes[0]).toBe('127.0.0.1:7001');
    expect(config.connections['genesys-emea']).toMatchObject({ clientId: 'id', clientSecret: 'secret' });
  });

  test('says what presences of an organisation mean, none of which takes work', () => {
    const presences = (entry: string) =>
      example('  crm: {', `    presences: { c0ac4149-0000-4000-8000-000000000001: ${entry} }\n  crm: {`);
    const own = (text: string) => readConfig(text, 'muster.yaml', ENV).connections['genesys-emea'];
    expect(own(presences('{ reason: COACHING, state: PAUSED }'))).toMatchObject({
      presences: { 'c0ac4149-0000-4000-8000-000000000001': { reason: 'COACHING', state: 'PAUSED' } },
      utilization: false,
    });
    const at = 'connections.genesys-emea.presences.c0ac4149-0000-4000-8000-000000000001';
    expect(problemsOf(presences('{ reason: COACHING, state: ON_DUTY }'))).toEqual([
      `${at}.state: is "ON_DUTY", expected one of PAUSED, OFF_DUTY`,
    ]);
    expect(problemsOf(presences('{ reason: coaching, state: PAUSED }'))).toEqual([
      `${at}.reason: is "coaching", expected a word in capitals, such as COACHING`,
    ]);
  });

  test('may be as quick as a drill wants it', () => {
    const quick = { heartbeatMs: 100, suspectMs: 500, staleMs: 1000 };
    const config = readConfig(`${EXAMPLE_CONFIG}freshness: ${JSON.stringify(quick)}`, 'muster.yaml', ENV);
    expect(config.freshness).toMatchObject(quick);
  });

  test('has no regions, queues or connections that JavaScript brought', () => {
    const config = readConfig(EXAMPLE_CONFIG, 'muster.yaml', ENV);
    for (const section of [config.regions, config.connections, config.queues, config.domains]) {
      expect(Object.getOwnPropertyNames(Object.getPrototypeOf(section) ?? {})).toEqual([]);
    }
  });
});

describe('a configuration that does not fit', () => {
  test.each([
    ['a missing key', example(/redis: .*\n/), ['redis: is missing, expected a section']],
    [
      'an empty file',
      '',
      [
        'region: is missing, expected a name of 1 to 64 letters, digits, dots, dashes or underscores',
        'redis: is missing, expected a section',
        'bus: is missing, expected a section',
        'regions: is missing, expected a section',
      ],
    ],
    ['no section at all', '- 1', [': is a list of 1 entries, expected a section']],
    [
      'a misspelt key',
      `${EXAMPLE_CONFIG}claims: { held_ms: 5000 }`,
      ['claims.held_ms: is not known; did you mean "heldMs"?'],
    ],
    ['an unknown key', `${EXAMPLE_CONFIG}log: { colour: red }`, ['log.colour: is not known; known here: level']],
    [
      'a number out of range',
      `${EXAMPLE_CONFIG}listen: { port: 70000 }`,
      ['listen.port: is 70000, expected a whole number from 1 to 65535'],
    ],
    [
      'a wrong type',
      `${EXAMPLE_CONFIG}listen: { port: high }`,
      ['listen.port: is "high", expected a whole number from 1 to 65535'],
    ],
    [
      'replicas to wait for where none is meant to be',
      `${example('7003] }', '7003], replicas: 0 }')}claims: { replication: refuse }`,
      ['claims.replication: is refuse, and redis.replicas is 0: every claim would be refused'],
    ],
    [
      'a wrong choice',
      `${EXAMPLE_CONFIG}claims: { replication: maybe }`,
      ['claims.replication: is "maybe", expected one of grant, refuse'],
    ],
    [
      'an empty list',
      example(/nodes: .*\]/, 'nodes: []'),
      ['redis.nodes: is an empty list, expected a list of 1 to 100 entries'],
    ],
    ['a bad node', example('127.0.0.1:7002', 'redis-2'), ['redis.nodes[1]: is "redis-2", expected `host:port`']],
    [
      'an unknown platform',
      example('platform: events', 'platform: avaya'),
      ['connections.crm.platform: is "avaya", expected one of genesys, cxone, events'],
    ],
    [
      'a setting of another platform',
      example('platform: events,', 'platform: events, clientId: x,'),
      ['connections.crm.clientId: is not known; known here: platform, home, domain'],
    ],
    [
      'a colon in a name',
      example('  support:', '  "a:b":'),
      ['queues."a:b": is not a name: 1 to 64 letters, digits, dots, dashes or underscores'],
    ],
    [
      'a secret that does not fit',
      example('redis://', 'http://u:hush@'),
      ['bus.url: does not fit, expected a URL such as redis://127.0.0.1:6390'],
    ],
    [
      'a variable that is not set',
      example('_SECRET}', '_SECRETS}'),
      [
        'connections.genesys-emea.clientSecret: refers to the environment variable GENESYS_CLIENT_SECRETS, which is not set',
      ],
    ],
    ['no YAML', 'region: [', [expect.stringMatching(/line 1/)]],
    ['an alias of nothing', `${EXAMPLE_CONFIG}listen: *nothing`, [expect.stringMatching(/nothing/)]],
    ['a key twice', `${EXAMPLE_CONFIG}region: x`, [expect.stringMatching(/unique.*line/)]],
  ])('%s is named with what was expected', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test.each([
    [
      'region',
      example('region: eu-west-1', 'region: eu-west-2'),
      ['region: names the region "eu-west-2", which is not configured; did you mean "eu-west-1"?'],
    ],
    [
      'home',
      example('home: us-east-1', 'home: mars'),
      ['connections.crm.home: names the region "mars", which is not configured; known here: us-east-1, eu-west-1'],
    ],
    [
      'home of agents of no connection',
      `${example()}\nagents: { unknown: { home: mars } }`,
      ['agents.unknown.home: names the region "mars", which is not configured; known here: us-east-1, eu-west-1'],
    ],
    [
      'domain of a connection',
      example('home: us-east-1', 'home: us-east-1, domain: sales'),
      [
        'connections.crm.domain: names the domain "sales", which is not configured; known here: main',
        'queues.support.unites[1]: belongs to the domain "sales", the queue to "main"; they must be one',
      ],
    ],
    [
      'domain of a queue',
      example('  support:', '  support:\n    domain: mian'),
      [
        'queues.support.domain: names the domain "mian", which is not configured; did you mean "main"?',
        expect.stringMatching(/^queues.support.unites\[0\]/),
        expect.stringMatching(/^queues.support.unites\[1\]/),
      ],
    ],
    [
      'connection of a platform queue',
      example('crm:support', 'cmr:support'),
      ['queues.support.unites[1]: names the connection "cmr", which is not configured; did you mean "crm"?'],
    ],
  ])('a %s that leads nowhere is named', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test.each([
    [
      'the reserved queue',
      example('  support:', '  global:'),
      ['queues.global: is reserved: every agent is in this queue'],
    ],
    [
      'agents of no connection without a home',
      `${example()}\nagents: { unknown: { accept: true } }`,
      ['agents.unknown.home: is missing, expected the region that is the home of agents of no connection'],
    ],
    [
      'a platform queue twice',
      example(/unites: .*/, 'unites: [crm:a, crm:a]'),
      ['queues.support.unites[1]: repeats crm:a'],
    ],
    [
      'a timed wrap-up without a time',
      example(', seconds: 20'),
      ['queues.support.wrapUp.seconds: is 0, expected how long a timed wrap-up lasts'],
    ],
    [
      'two regions at one URL',
      example('7401', '7402'),
      ['regions.eu-west-1.url: is also the URL of the region "us-east-1"'],
    ],
    [
      'a port that no node has',
      example('127.0.0.1:7002', '127.0.0.1:70020'),
      ['redis.nodes[1]: is 127.0.0.1:70020, which is not a valid address'],
    ],
    ['a bus at no port', example('6390', '639000'), ['bus.url: is not a URL']],
    ['a node twice', example('7002', '7001'), ['redis.nodes[1]: repeats 127.0.0.1:7001']],
    [
      'the bus on a node',
      example('6390', '7003'),
      ['redis.nodes[2]: is the Redis of the bus, which must be a separate one'],
    ],
    [
      'stale before suspect',
      `${EXAMPLE_CONFIG}freshness: { suspectMs: 40000 }`,
      ['freshness.staleMs: is 30000, expected more than suspectMs (40000)'],
    ],
    [
      'suspect before a heartbeat',
      `${EXAMPLE_CONFIG}freshness: { heartbeatMs: 10000 }`,
      ['freshness.suspectMs: is 10000, expected more than heartbeatMs (10000)'],
    ],
  ])('%s is refused', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  test('shows everything at once, in the order of the file', () => {
    const text = `${example('platform: events', 'platform: avaya')}listen: { port: 0, prot: 1 }\nbogus: 1`;
    expect(problemsOf(text).map((line) => line.split(':')[0])).toEqual([
      'connections.crm.platform',
      'listen.prot',
      'listen.port',
      'bogus',
    ]);
  });
});

describe('all mistakes', () => {
  const inspected = (text: string) =>
    inspectConfig(text, 'muster.yaml', ENV).problems.map((problem) => problemLine('muster.yaml', problem));

  test('are told at once, those of single values and those of values that disagree, each with its line', () => {
    const text = `${example('region: eu-west-1', 'region: eu-west-2')
      .replace('7002', '7001')
      .replace('home: us-east-1', 'home: mars')
      .replace('seconds: 20', 'seconds: many')}freshness: { suspectMs: 40000 }\nlog: { level: loud }\n`;
    expect(inspected(text)).toEqual([
      'muster.yaml:1: region: names the region "eu-west-2", which is not configured; did you mean "eu-west-1"?',
      'muster.yaml:2: redis.nodes[1]: repeats 127.0.0.1:7001',
      'muster.yaml:15: connections.crm.home: names the region "mars", which is not configured; known here: us-east-1, eu-west-1',
      'muster.yaml:19: queues.support.wrapUp.seconds: is "many", expected a whole number from 0 to 3600',
      'muster.yaml:20: freshness.staleMs: is 30000, expected more than suspectMs (40000)',
      'muster.yaml:21: log.level: is "loud", expected one of silent, fatal, error, warn, info, debug, trace',
    ]);
  });

  test('of one section hide none of another, and a section that does not fit brings no false ones', () => {
    const text = example(/^regions:\n.*\n/m, 'regions:\n  us-east-1: { url: nowhere }\n').replace(
      'crm:support',
      'cmr:support',
    );
    expect(inspected(text)).toEqual([
      'muster.yaml:5: regions.us-east-1.url: is "nowhere", expected a URL without a path, such as http://127.0.0.1:7401',
      'muster.yaml:18: queues.support.unites[1]: names the connection "cmr", which is not configured; did you mean "crm"?',
    ]);
  });

  test('of names need only names: what does not fit under one is another matter', () => {
    const text = example('{ url: http://127.0.0.1:7401 }', '{ url: nowhere }')
      .replace('home: us-east-1', 'home: us-eats-1')
      .replace('loginUrl: https://login.mypurecloud.de', 'loginUrl: nowhere')
      .replace('crm:support', 'cmr:support');
    expect(inspected(text).map((line) => line.split(': ')[1])).toEqual([
      'regions.us-east-1.url',
      'connections.genesys-emea.loginUrl',
      'connections.crm.home',
      'queues.support.unites[1]',
    ]);
  });

  test('in YAML itself are named one a line', () => {
    expect(inspected('region: eu\nregion: us\nredis: {}\nredis: {}\nbus: *nothing\n')).toEqual([
      expect.stringMatching(/^muster\.yaml:2: .*unique/),
      expect.stringMatching(/^muster\.yaml:4: .*unique/),
    ]);
  });

  test('name who listens to everybody', () => {
    expect(problemsOf(`${EXAMPLE_CONFIG}listen: { host: 0.0.0.0 }`)).toEqual([
      'listen.host: is 0.0.0.0, and there is no `auth`: anybody who reaches it could claim agents; configure `auth` (docs/security.md), or listen on 127.0.0.1',
    ]);
  });
});

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-config-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read', async () => {
    const file = join(folder, 'muster.yaml');
    await writeFile(file, EXAMPLE_CONFIG.replaceAll(/\$\{\w+\}/g, 'x'));
    expect(await loadConfig(file)).toMatchObject({ region: 'eu-west-1' });
  });

  test('that is not there is named', async () => {
    const file = join(folder, 'none.yaml');
    const expected = `${file} is not a valid configuration:\n  cannot be read: the file does not exist`;
    await expect(loadConfig(file)).rejects.toThrow(
      new ConfigError(file, [{ path: '', message: 'cannot be read: the file does not exist' }]),
    );
    await expect(loadConfig(file)).rejects.toThrow(expected);
  });

  test('that is a directory is named as one', async () => {
    await expect(loadConfig(folder)).rejects.toThrow('cannot be read: it is a directory');
  });
});

describe('text that is not well-formed', () => {
  test('is refused, where it is', () => {
    const half = '"billing \\ud83d"';
    expect(
      problemsOf(example('  support:', `  skilled: { withSkill: [{ connection: crm, skill: ${half} }] }\n  support:`)),
    ).toEqual(['queues.skilled.withSkill[0].skill: is not well-formed Unicode: it has an unpaired surrogate']);
    expect(problemsOf(example('  support:', '  "half \\ud83d": {}\n  support:'))[0]).toContain(
      'is not well-formed Unicode',
    );
  });

  test('is refused as bytes that are no UTF-8, in the file and in those that it names', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'muster-config-'));
    const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
    try {
      await writeFile(join(dir, 'latin.yaml'), bytes(`# caf\xe9\n${EXAMPLE_CONFIG}`));
      await expect(loadConfig(join(dir, 'latin.yaml'))).rejects.toThrow('is not UTF-8');
      await writeFile(join(dir, 'secret'), bytes('caf\xe9'));
      const text = example(/(clientSecret: .)\{\w+\}/, '$1{file:secret}');
      expect(() => readConfig(text, join(dir, 'muster.yaml'), ENV)).toThrow(
        'connections.genesys-emea.clientSecret: refers to the file secret, which is not UTF-8',
      );
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

test('no region has the name that records have where none is meant', () => {
  expect(problemsOf(example('  us-east-1:', '  "-": { url: http://127.0.0.1:7403 }\n  us-east-1:'))).toEqual([
    expect.stringContaining('is reserved'),
  ]);
});
