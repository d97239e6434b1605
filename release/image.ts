import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readBuild } from '../src/ops/build.ts';
import { buildah, IMAGE } from './buildah.ts';
import { Missing, progress, ROOT, run } from './command.ts';

/** `npm run image`: builds deploy/image/Dockerfile without a hub, on a base made of Debian packages and npm's Node. */
const DIST = join(ROOT, 'dist');
const DOCKERFILE = join(ROOT, 'deploy/image/Dockerfile');
const BASE = 'localhost/muster-base';
const BUILD_BASE = 'localhost/muster-build-base';

/** What Node needs to run, and people to read times and certificates. */
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1', 'ca-certificates', 'tzdata', 'netbase'];
/** What the first stage of the Dockerfile calls besides npm. */
const TOOLS = ['dash', 'coreutils', 'findutils', 'tar', 'gzip'];

function buildImage(): void {
  if (!readdirSync(DIST).some((name) => name.endsWith('.tgz')))
    throw new Missing('dist/ has no package: npm run release');
  const work = mkdtempSync(join(tmpdir(), 'muster-image-'));
  try {
    progress('Making a base of Debian 12 and Node …');
    makeBase(BASE, join(work, 'base'), LIBRARIES);
    makeBase(BUILD_BASE, join(work, 'build'), [...LIBRARIES, ...TOOLS], addNpm);
    progress('Building the image …');
    const { version, revision } = readBuild(ROOT);
    const values = { BASE, BUILD_BASE, VERSION: version, REVISION: revision };
    const args = Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
    buildah('bud', '--format', 'docker', '--pull-never', '-f', DOCKERFILE, ...args, '-t', IMAGE, DIST);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  progress(`${IMAGE} is ${sizeInMiB()} MiB unpacked`);
}

/** An image of a Debian that has only these packages, and the Node that runs this. */
function makeBase(name: string, folder: string, packages: string[], more: (root: string) => string[] = () => []): void {
  const root = join(folder, 'root');
  mkdirSync(folder, { recursive: true });
  const sources = '/etc/apt/sources.list.d/debian.sources';
  run('mmdebstrap', ['--mode=root', '--variant=extract', `--include=${packages.join(',')}`, 'bookworm', root, sources]);
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  const node = join(root, 'usr/local/bin/node');
  cpSync(process.execPath, node);
  strip(node);
  // Packages are extracted and not configured, so the bundle of certificates is not made; the host's is the same.
  cpSync('/etc/ssl/certs/ca-certificates.crt', join(root, 'etc/ssl/certs/ca-certificates.crt'));
  for (const waste of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/lib/apt', 'var/cache/apt'])
    rmSync(join(root, waste), { recursive: true, force: true });
  const lines = ['FROM scratch', 'COPY root /', 'ENV PATH=/usr/local/bin:/usr/bin:/bin', ...more(root)];
  writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
  buildah('bud', '--format', 'docker', '-t', name, folder);
}

/** The host's npm, with the authorities that the host trusts. @returns lines for the Dockerfile */
function addNpm(root: string): string[] {
  const npm = dirname(dirname(realpathSync(run('sh', ['-c', 'command -v npm']).trim())));
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true, dereference: true });
  return [
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm',
    'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
  ];
}

/** Takes the symbols out, a sixth of it, where the host can. */
function strip(node: string): void {
  try {
    run('strip', ['-s', node]);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    progress('strip (Debian: binutils) is missing: the image is some 20 MB larger');
  }
}

function sizeInMiB(): number {
  const container = buildah('from', '--pull-never', IMAGE);
  try {
    const root = buildah('mount', container);
    return Math.round(Number(run('du', ['-s', '-x', '-B1', root]).split('\t')[0]) / 1024 / 1024);
  } finally {
    buildah('rm', container);
  }
}

try {
  buildImage();
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  progress(error.message);
  process.exitCode = 1;
}
