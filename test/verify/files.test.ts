import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openHistory } from '../../src/ops/history.ts';
import { UnusableHistory } from '../../src/verify/read.ts';
import { renderVerdict } from '../../src/verify/render.ts';
import { verify } from '../../src/verify/verify.ts';
import { evidence, failed, Histories, type Instance, presence } from './histories.ts';

let world: Histories;
let eu: Instance;
beforeEach(() => {
  world = new Histories();
  eu = world.instance('eu');
});
afterEach(() => world.remove());

const fileOf = (name: string) => join(world.dir, name);

describe('the writer', () => {
  it('has written each line by the time it returns', () => {
    eu.history.claimRefused({ call: 'c1', queue: 'support', reason: 'nobody' });
    const [opened, refused] = readFileSync(fileOf('eu-1.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const origin = { t: 1000, at: 1_700_000_001_000, region: 'eu', process: 'eu-1' };
    expect(opened).toEqual({ ...origin, op: 'history', phase: 'opened' });
    expect(refused).toEqual({
      ...origin,
      op: 'claim',
      phase: 'refused',
      call: 'c1',
      queue: 'support',
      reason: 'nobody',
    });
  });

  it('tells what a caller was told, and which claims met', async () => {
    const facets = { ...presence('ann', 5).facets, activity: { state: 'IDLE', at: 6, id: 'e' } as const };
    const told = { agent: 'ann', home: 'us', stale: true, status: 'AVAILABLE' };
    const limit = { maxAgeMs: 20, sinceMs: 995 };
    eu.history.agentRead({ ...told, ageMs: null, vouchedMs: 12, askedMs: 7.5, toldMs: 8, limit, facets });
    const claim = { fence: 1, call: 'c1', region: 'us' };
    const lost = { fence: 2, call: 'c2', region: 'eu' };
    eu.history.conflict({ agent: 'ann', kept: claim, lost, overlap: 'certain' });
    const lines = readFileSync(fileOf('eu-1.jsonl'), 'utf8').trim().split('\n').slice(1);
    const versions = { presence: [5, 0, 'ann-5'], activity: [6, 0, 'e'] };
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        ...{ op: 'agent', phase: 'read', ...told, age_ms: null, vouched_ms: 12, versions },
        ...{ asked_ms: 7.5, told_ms: 8, max_age_ms: 20, since: 995 },
      }),
      expect.objectContaining({
        op: 'conflict',
        phase: 'reported',
        agent: 'ann',
        kept: claim,
        lost,
        overlap: 'certain',
      }),
    ]);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('says so when the file cannot be opened', () => {
    const options = {
      file: fileOf('no/such/folder'),
      region: 'eu',
      process: 'p',
      clock: world.clock,
      log: { error() {} },
    };
    expect(() => openHistory(options)).toThrow(/no\/such\/folder cannot be opened: ENOENT/);
  });

  it('logs a failed write once, stops, and never throws', () => {
    const error = vi.fn();
    const history = openHistory({ file: '/dev/full', region: 'eu', process: 'p', clock: world.clock, log: { error } });
    history.claimInvoked({ call: 'c1', queue: 'support' });
    expect(history.failed?.message).toContain('ENOSPC');
    history.claimInvoked({ call: 'c2', queue: 'support' });
    const fields = { file: '/dev/full', reason: expect.stringContaining('ENOSPC') };
    expect(error.mock.calls).toEqual([['history_write_failed', fields]]);
  });
});

describe('readable', () => {
  it('tolerates the torn last line of a killed process, and its successor in the same file', async () => {
    eu.history.claimInvoked({ call: 'c1', queue: 'support' });
    truncateSync(fileOf('eu-1.jsonl'), readFileSync(fileOf('eu-1.jsonl')).length - 20);
    const torn = await world.judge();
    expect([torn.ok, torn.torn, torn.lines]).toEqual([true, 1, 1]);
    world.instance('eu').history.claimInvoked({ call: 'c2', queue: 'support' });
    const continued = await world.judge();
    expect([continued.ok, continued.torn, continued.lines]).toEqual([true, 1, 3]);
  });

  it.each([
    ['{"t":', 'is not JSON'],
    ['', 'is not JSON'],
    ['7', 'is not an object'],
    ['{"op":"claim","phase":"done"}', 'has no known op and phase: claim done'],
    ['{"op":"history","phase":"opened","t":"5"}', 'lacks t (a number)'],
    [
      '{"op":"event","phase":"accepted","t":1,"at":1,"region":"eu","process":"p","event":"e","agent":"a","versions":{"presence":null}}',
      'lacks versions (arrays by facet)',
    ],
  ])('reports the line %s with its place', async (line, reason) => {
    appendFileSync(fileOf('eu-1.jsonl'), `${line}\n`);
    eu.history.claimInvoked({ call: 'c1', queue: 'support' });
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['readable']);
    const readable = verdict.checks.find(({ name }) => name === 'readable');
    expect(readable?.violations[0]?.what).toBe(reason);
    expect(evidence(verdict, 'readable')).toEqual([['eu-1.jsonl:2']]);
    expect(verdict.lines).toBe(2);
  });

  it('reports a file that does not tell in the order of time', async () => {
    world.now -= 1;
    eu.history.claimInvoked({ call: 'c1', queue: 'support' });
    expect(failed(await world.judge())).toEqual(['readable']);
  });

  it('reads lines that straddle the pieces a file is read in', async () => {
    const call = 'ü'.repeat(90);
    for (let i = 0; i < 3000; i++) eu.history.claimInvoked({ call: `${call}${i}`, queue: 'support' });
    const verdict = await world.judge();
    expect([verdict.ok, verdict.lines]).toEqual([true, 3001]);
  });

  it('refuses what cannot be judged', async () => {
    writeFileSync(fileOf('empty.jsonl'), '');
    writeFileSync(fileOf('binary.jsonl'), 'x'.repeat(3 << 20));
    await expect(verify([fileOf('empty.jsonl')])).rejects.toThrow(UnusableHistory);
    await expect(verify([fileOf('binary.jsonl')])).rejects.toThrow(/binary.jsonl:1 is too long to be a line/);
    await expect(verify([fileOf('absent.jsonl')])).rejects.toThrow(/absent.jsonl cannot be read/);
  });
});

it('keeps the first hundred violations and counts all', async () => {
  for (let fence = 1; fence <= 151; fence++) {
    eu.granted(`c${fence}`, `agent-${fence}`, 1);
    eu.granted(`d${fence}`, `agent-${fence}`, 1);
  }
  const verdict = await world.judge();
  const check = verdict.checks.find(({ name }) => name === 'exclusive');
  expect([check?.total, check?.violations.length]).toEqual([151, 100]);
  expect(renderVerdict(verdict)).toContain('and 148 more');
});

describe('muster verify', () => {
  const command = new URL('../../src/verify/command.ts', import.meta.url).pathname;
  const script = `
    import { Command } from 'commander';
    import { verifyCommand } from '${command}';
    await new Command('muster').addCommand(verifyCommand()).parseAsync(process.argv.slice(1), { from: 'user' });`;

  async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const argv = ['--input-type=module-typescript', '-e', script, '--', 'verify', ...args];
    return promisify(execFile)(process.execPath, argv).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  }

  it('ends with 0 and a page when all is well', async () => {
    eu.granted('c1', 'ann', 1);
    const { code, stdout } = await run(...world.files);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ exclusive +1 {2}No agent is held/m);
    expect(stdout).toMatch(/^– delivered +not judged {2}Every accepted/m);
    expect(stdout).toMatch(/^✓ Every promise was kept. \d+ could not be judged.$/m);
  });

  it('ends with 1 and the evidence when a promise was broken', async () => {
    eu.granted('c1', 'ann', 1);
    eu.granted('c2', 'ann', 2);
    const page = await run(...world.files);
    expect(page.code).toBe(1);
    expect(page.stdout).toContain('✗ exclusive');
    expect(page.stdout).toContain('eu-1.jsonl:3');
    const json = await run('--json', ...world.files);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toEqual(await world.judge());
  });

  it('ends with 2 when the input or the call is unusable', async () => {
    const absent = await run(fileOf('absent.jsonl'));
    expect(absent).toMatchObject({ code: 2, stdout: '' });
    expect(absent.stderr).toMatch(/^muster verify: .*absent.jsonl cannot be read: ENOENT/);
    expect((await run()).code).toBe(2);
    expect((await run('--grace-ms', 'soon', ...world.files)).code).toBe(2);
    expect((await run('--help')).code).toBe(0);
  });
});
