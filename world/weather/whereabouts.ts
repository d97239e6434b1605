import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One file for each local world that runs: its process in the name. */
const FILE = /^muster-world-(\d+)\.json$/;

/** The address and folder of a local world. */
interface Whereabouts {
  /** URL of its control server. */
  url: string;
  /** Folder of its files. */
  folder: string;
}

/** Lets other processes of this user find the world of this one. @returns takes it back */
export function announce(where: Whereabouts): () => void {
  const file = join(tmpdir(), `muster-world-${process.pid}.json`);
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(file, { force: true });
  };
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify(where), { mode: 0o600, flag: 'wx' });
  process.once('exit', remove);
  return remove;
}

/** This user's worlds. Files of killed worlds are removed. */
export function findWorlds(): Whereabouts[] {
  return readdirSync(tmpdir()).flatMap((name) => {
    const pid = FILE.exec(name)?.[1];
    if (pid === undefined) return [];
    const file = join(tmpdir(), name);
    try {
      process.kill(Number(pid), 0);
      return [JSON.parse(readFileSync(file, 'utf8')) as Whereabouts];
    } catch (error) {
      // ESRCH: the process is gone. Any other: the world of another user, or one that ended just now.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(file, { force: true });
      return [];
    }
  });
}
