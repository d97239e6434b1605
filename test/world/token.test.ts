import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announce } from '../../world/weather/whereabouts.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('a token', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-token-'));
  let world: World;
  let takeBack: () => void = () => {};

  beforeAll(async () => {
    world = await startWorld({ agents: 3, replicas: false, histories: false, auth: true });
  });
  afterAll(async () => {
    await world?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** The command, in a temporary folder in which no other world announces itself. */
  async function muster(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(process.execPath, ['world/cli.ts', 'token', ...args], { env: { ...process.env, TMPDIR: dir } });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code, out, err };
  }
  function announced(folder: string): void {
    const before = process.env.TMPDIR;
    process.env.TMPDIR = dir;
    takeBack = announce({ url: 'http://127.0.0.1:1', folder });
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  async function statusOf(path: string, token?: string): Promise<number> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await fetch(`${world.regions[0]?.url}${path}`, { headers })).status;
  }

  it('says so where no world runs, and where one lets everybody in', async () => {
    expect(await muster()).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('no local world runs here'),
    });
    const open = await muster('--world', dir);
    expect(open).toMatchObject({ code: 1, out: '', err: expect.stringContaining('needs no token') });
  });

  it('mints one that the world which runs believes, and nothing else is let in', async () => {
    announced(world.dir);
    const { code, out, err } = await muster();
    takeBack();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await statusOf('/v1/regions')).toBe(401);
    expect(await statusOf('/v1/regions', out.trim())).toBe(200);
    expect(await statusOf('/v1/queues/global', out.trim())).toBe(200);
  });

  it('grants what was asked for alone', async () => {
    const { out } = await muster('--world', world.dir, '--scopes', 'read:agent,write:agent:status');
    expect(await statusOf('/v1/queues/global', out.trim())).toBe(200);
    expect(await statusOf('/v1/regions', out.trim())).toBe(403);
    const wrong = await muster('--scopes', 'read:everything');
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('"read:everything" is none of read:agent, write:agent:status');
  });

  it('does so with a key that its owner alone can read', () => {
    expect(statSync(join(world.dir, 'issuer.key.pem')).mode & 0o777).toBe(0o600);
  });
});
