import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildah, IMAGE, startInContainer } from '../../../release/buildah.ts';
import { run } from '../../../release/command.ts';
import { describeBuild, readBuild } from '../../../src/ops/build.ts';
import { serveRegion } from './serving.ts';

/** Under chroot isolation: no network of its own and no read-only root, so for these the image's config must do. */
const MOST_MIB = 200;

let container: string;
let config: {
  User: string;
  Entrypoint: string[];
  Cmd: string[];
  Labels: Record<string, string>;
  Healthcheck: { Test: string[] };
};
beforeAll(() => {
  container = buildah('from', '--pull-never', IMAGE);
  config = JSON.parse(buildah('inspect', '--type', 'image', IMAGE)).Docker.config;
});
afterAll(() => buildah('rm', container));

const inside = (...command: string[]): string => buildah('run', container, '--', ...command);

test(`has at most ${MOST_MIB} MiB, and nothing that npm or a compiler left`, () => {
  const root = buildah('mount', container);
  expect(Number(run('du', ['-s', '-x', '-BM', root]).split('M')[0])).toBeLessThanOrEqual(MOST_MIB);
  expect(run('find', [root, '-name', '*.tgz', '-o', '-name', '*.ts', '-o', '-name', '_cacache'])).toBe('');
  buildah('umount', container);
});

test('runs as nobody of the host, and can write nothing of its own', () => {
  expect(config.User).toBe('65532:65532');
  const said = inside('node', '-e', WRITE_EVERYWHERE);
  expect(JSON.parse(said)).toEqual({ user: 65532, written: [] });
});

const WRITE_EVERYWHERE = `
const { readdirSync, writeFileSync, statSync } = require('node:fs');
const own = ['/', '/app', '/app/lib', '/etc', '/usr', '/usr/local/bin', '/var', '/opt'];
const written = own.filter((folder) => { try { writeFileSync(folder + '/written', ''); return true; } catch { return false; } });
console.log(JSON.stringify({ user: process.getuid(), written }));`;

test('says what it was built from', () => {
  const { version, revision } = readBuild();
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
  });
  const said = inside(...config.Entrypoint, '--version');
  expect(said.replace(/ built [^)]+/, '')).toBe(describeBuild({ version, revision, kind: 'package' }));
});

test('serves a region as it is configured to, and its health check sees that', async () => {
  const [, ...check] = config.Healthcheck.Test;
  expect(() => inside(...check)).toThrow(); // nothing listens on 7400
  const start = (dir: string): ChildProcess =>
    startInContainer(container, ['-v', `${dir}:/etc/muster:ro`], [...config.Entrypoint, ...config.Cmd]);
  const look = (port: string): string => buildah('run', '--env', `PORT=${port}`, container, '--', ...check);
  expect(await serveRegion(start, stopInContainer, look)).toMatchObject({
    status: 'ok',
    region: 'eu',
    version: readBuild().version,
  });
});

/** What buildah is told to end it kills: so the process inside is told. */
function stopInContainer({ pid }: ChildProcess): void {
  const innermost = (parent: string): string => {
    // A thread of its own may have started the next process.
    const threads = readdirSync(`/proc/${parent}/task`);
    const children = threads.map((thread) => readFileSync(`/proc/${parent}/task/${thread}/children`, 'utf8'));
    const [child] = children.join(' ').split(' ').filter(Boolean);
    return child === undefined ? parent : innermost(child);
  };
  process.kill(Number(innermost(`${pid}`)), 'SIGTERM');
}
