import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { SOON } from '../fixtures/soon.ts';

describe('npm start', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const temporary = join(dir, 'tmp');
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const commands: Command[] = [];
  /** The command, with a temporary folder of its own, in which it must leave nothing. */
  function run(...args: string[]): Command {
    const child = spawn(process.execPath, ['world/cli.ts', 'start', ...args], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said.err += chunk;
    });
    const command = { child, said, ended: once(child, 'close') };
    commands.push(command);
    return command;
  }

  /** Processes that work in the temporary folder, as every Redis does, or name it, as every instance does. */
  function leftOver(): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => workOf(pid).includes(temporary));
  }

  afterEach(async () => {
    for (const { child, ended } of commands.splice(0)) {
      child.kill('SIGTERM');
      await ended;
    }
  });

  it('lets calls arrive for a while, judges, and leaves nothing but what it was asked to write', async () => {
    mkdirSync(temporary, { recursive: true });
    const [report, ready] = [join(dir, 'report.json'), join(dir, 'ready.json')];
    const world = run(
      '--agents',
      '30',
      '--calls-per-second',
      '4',
      '--no-replicas',
      '--duration',
      '3',
      '--report',
      report,
      '--ready-file',
      ready,
    );
    expect(await world.ended, world.said.err).toEqual([0, null]);
    expect(world.said.err).toBe('');
    expect(world.said.out).toContain('0 double bookings, 0 lost events, all regions agree');
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({
      agents: 30,
      regions: [{ region: 'us-east-1' }, { region: 'eu-west-1' }, { region: 'ap-southeast-1' }],
      double_bookings: 0,
      lost_events: 0,
      converged: true,
    });
    const { regions, simulators, weather } = JSON.parse(readFileSync(ready, 'utf8'));
    const urls = [weather, ...[...regions, ...simulators].map(({ url }) => url)];
    expect(urls.map((url) => new URL(url).hostname)).toEqual(Array(7).fill('127.0.0.1'));
    expect(readdirSync(temporary)).toEqual([]);
    expect(leftOver()).toEqual([]);
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('leaves nothing when %s ends it during the start', async (signal) => {
    mkdirSync(temporary, { recursive: true });
    const world = run('--no-replicas');
    await vi.waitFor(() => expect(leftOver().length).toBeGreaterThan(3), { timeout: 45_000 });
    world.child.kill(signal);
    expect(await world.ended, world.said.err).toEqual([0, null]);
    expect(readdirSync(temporary)).toEqual([]);
    expect(leftOver()).toEqual([]);
  });

  it('leaves nothing when a second signal cuts its own clearing up short', async () => {
    mkdirSync(temporary, { recursive: true });
    const world = run('--no-replicas');
    await vi.waitFor(() => expect(leftOver().length).toBeGreaterThan(3), { timeout: 45_000 });
    world.child.kill('SIGTERM');
    await delay(50);
    world.child.kill('SIGTERM');
    await world.ended;
    await vi.waitFor(() => expect(leftOver()).toEqual([]), SOON);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it.each([
    [['--agents', 'many'], 'whole number from 3 to 15000'],
    [['--calls-per-second', '0'], 'a number above 0'],
    [['--report', '/nowhere/report.json'], 'there is no folder /nowhere'],
    [['--keep', 'src'], 'src is not an empty folder'],
    [['--colour'], "unknown option '--colour'"],
  ])('refuses %j in one line', async (args, message) => {
    const world = run(...args);
    expect(await world.ended).toEqual([2, null]);
    expect(world.said.err).toContain(message);
    expect(world.said.err.trim().split('\n')).toHaveLength(1);
  });
});

interface Command {
  child: ChildProcess;
  said: { out: string; err: string };
  ended: Promise<unknown>;
}

/** The folder and the command line of a process; empty for one that is gone. */
function workOf(pid: string): string {
  try {
    return `${readlinkSync(`/proc/${pid}/cwd`)} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8')}`;
  } catch {
    return '';
  }
}
