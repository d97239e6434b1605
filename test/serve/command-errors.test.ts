import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { aclCommand } from '../../src/serve/commands/acl-command.ts';
import { serveCommand } from '../../src/serve/commands/command.ts';
import { configCommand } from '../../src/serve/commands/config-command.ts';
import { deadlettersCommand } from '../../src/serve/commands/deadletters-command.ts';
import { topicsCommand } from '../../src/serve/commands/topics-command.ts';
import { upgradeCommand } from '../../src/serve/commands/upgrade-command.ts';
import { freePort } from '../../world/tools/ports.ts';
import { type Ended, muster } from '../fixtures/muster-command.ts';

/** Every command that takes a file, without the file, its name where it complains, and the exit code of one that cannot work. */
const COMMANDS: [args: string[], name: string, code: number][] = [
  [['serve', '--config'], 'muster', 1],
  [['config', 'check'], 'muster config', 1],
  [['acl', 'print', '--config'], 'muster acl', 1],
  [['topics', 'check', '--config'], 'muster topics', 2],
  [['topics', 'apply', '--config'], 'muster topics', 2],
  ...['status', 'start', 'finish', 'back'].map((verb): [string[], string, number] => [
    ['upgrade', verb, '--config'],
    `muster upgrade ${verb}`,
    2,
  ]),
  [['deadletters', 'list', '--config'], 'muster deadletters', 2],
  [['deadletters', 'show', '1-1', '--config'], 'muster deadletters', 2],
  [['deadletters', 'replay', '--all', '--config'], 'muster deadletters', 2],
];
const MAKERS = {
  serve: serveCommand,
  config: configCommand,
  acl: aclCommand,
  topics: topicsCommand,
  deadletters: deadlettersCommand,
  upgrade: upgradeCommand,
};
const NEED_NO_FILE = ['config example', 'config schema', 'config explain'];

let dir: string;
let away: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-commands-'));
  away = `127.0.0.1:${await freePort()}`;
  await writeFile(join(dir, 'broken.yaml'), 'region: eu\nredis: { nodes: [\n');
  await writeFile(join(dir, 'latin.yaml'), Buffer.from('# caf\xe9\n', 'latin1'));
  const config = (bus: object) => ({
    region: 'eu',
    redis: { nodes: ['127.0.0.1:9'] },
    bus,
    regions: { eu: { url: 'http://127.0.0.1:9' } },
    log: { level: 'silent' },
  });
  await writeFile(join(dir, 'streams.yaml'), JSON.stringify(config({ url: `redis://${away}` })));
  await writeFile(join(dir, 'kafka.yaml'), JSON.stringify(config({ driver: 'kafka', brokers: [away] })));
  await writeFile(join(dir, 'driver.yaml'), JSON.stringify(config({ driver: 'rabbit' })));
});
afterAll(() => rm(dir, { recursive: true }));

/** Runs a command in this process: there are many, and a process takes half a second to begin. What it throws fails the test. */
async function run([name = '', ...args]: string[]): Promise<Ended> {
  const said = { out: '', err: '' };
  const hear = (stream: 'out' | 'err') => (line: unknown) => {
    said[stream] += `${line}\n`;
  };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(hear('out')),
    vi.spyOn(console, 'error').mockImplementation(hear('err')),
  ];
  try {
    await MAKERS[name as keyof typeof MAKERS]().parseAsync(args, { from: 'user' });
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}

/** One line of the command's own, and nothing else; no stack. */
function expectOneLine({ out, err }: { out: string; err: string }, name: string, file: string, reason: string): void {
  const said = (out + err).split('\n');
  expect(said).toHaveLength(2);
  expect(said[1]).toBe('');
  expect(said[0]).toContain(file);
  expect(said[0]).toContain(reason);
  if (err) expect(err.startsWith(`${name}: `)).toBe(true);
}

describe.each(COMMANDS)('muster %s', (args, name, code) => {
  test.each([
    ['a file that is not there', 'none.yaml', 'cannot be read: the file does not exist'],
    ['a directory', '', 'cannot be read: it is a directory'],
    ['what is no YAML', 'broken.yaml', 'Flow'],
    ['what is no UTF-8', 'latin.yaml', 'is not UTF-8'],
    ['a driver that there is not', 'driver.yaml', 'bus.driver: is "rabbit", expected one of redis-streams, kafka'],
  ])('says in one line that it was given %s', async (_, name_, reason) => {
    const file = join(dir, name_);
    const ended = await run([...args, file]);
    expect(ended.code).toBe(code);
    expectOneLine(ended, name, file, reason);
  });
});

test.concurrent('a process of its own prints the same error for a missing file, and ends with the same code', async () => {
  for (const [args, name, code] of COMMANDS.slice(0, 3)) {
    const file = join(dir, 'none.yaml');
    const ended = await muster([...args, file]);
    expect(ended).toEqual({ code, out: '', err: `${name}: ${file}: cannot be read: the file does not exist\n` });
  }
});

test.each(['status', 'start', 'finish', 'back'])(
  'a cluster that muster upgrade %s cannot reach is named in one line',
  async (verb) => {
    const { code, out, err } = await run(['upgrade', verb, '--config', join(dir, 'streams.yaml')]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(new RegExp(`^muster upgrade ${verb}: .*127\\.0\\.0\\.1:9.*\\n$`));
  },
);

describe('a bus that a command has nothing to do with, or cannot reach', () => {
  test.each(['check', 'apply'])('is named in one line by muster topics %s', async (verb) => {
    expect(await run(['topics', verb, '--config', join(dir, 'streams.yaml')])).toEqual({
      code: 2,
      out: '',
      err: 'muster topics: bus.driver is redis-streams, which needs no topics\n',
    });
  });

  test.each(
    COMMANDS.filter(([[command]]) => command === 'topics' || command === 'deadletters').flatMap(([args, name]) =>
      ['streams.yaml', 'kafka.yaml'].map((file) => [args, name, file] as const),
    ),
  )('is named in one line by muster %s (%s, %s)', async (args, name, file) => {
    const { code, out, err } = await run([...args, join(dir, file)]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(new RegExp(`^${name}: .+\\n$`));
  });
});

describe.concurrent('muster verify', () => {
  test.each([
    ['a file that is not there', 'none.yaml'],
    ['a directory', ''],
    ['what is no history', 'broken.yaml'],
    ['what is no UTF-8', 'latin.yaml'],
  ])('says in one line that it was given %s', async (_, name) => {
    const { code, out, err } = await muster(['verify', join(dir, name)]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^muster verify: .+\n$/);
  });
});

describe.concurrent('unknown words', () => {
  test.each([
    [['nonsense']],
    [['config', 'nonsense']],
    [['config', 'check']],
    [['config', 'example', 'nowhere']],
    [['config', 'example', '--redis', 'nowhere']],
    [['config', 'explain', 'nothing.here']],
    [['topics', 'check']],
    [['serve', '--config']],
  ])('%s is answered without a stack', async (args) => {
    const { code, out, err } = await muster(args);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^(error|muster config): /);
    expect(err).not.toMatch(/^\s+at /m);
  });
});

test('every command is tried here', async () => {
  const listed = async (...args: string[]): Promise<string[]> => {
    const { out } = await muster([...args, '--help']);
    const [, commands = ''] = out.split('Commands:\n');
    return [...commands.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
  };
  const top = await listed();
  const all = await Promise.all(
    top.map(async (name) => {
      const below = await listed(name);
      return below.length > 0 ? below.map((each) => `${name} ${each}`) : [name];
    }),
  );
  const tried = COMMANDS.map(([args]) =>
    args
      .filter((arg) => /^[a-z]+$/.test(arg))
      .slice(0, 2)
      .join(' '),
  );
  expect(all.flat().sort()).toEqual([...new Set([...tried, ...NEED_NO_FILE, 'verify'])].sort());
});
