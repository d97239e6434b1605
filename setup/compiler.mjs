import { existsSync } from 'node:fs';
import { find, installPackage } from './debian.mjs';
import { Missing, progress } from './quietly.mjs';

const USE = 'hosts that stand still are played by a small C library';
const HEADER = '/usr/include/time.h';

/** Tests and drills of hosts that stand still build a C library. Without a compiler they are skipped, or say so. */
export function wishForCompiler() {
  try {
    if (!find('gcc'))
      installPackage('gcc', `${USE}, and there is no gcc: install it (e.g. apt-get install gcc libc6-dev)`);
    if (!existsSync(HEADER)) installPackage('libc6-dev', `${USE}: install libc6-dev`);
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    progress(`${error.message}. What needs it will be skipped.`);
  }
}
