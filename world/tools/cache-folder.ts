import { homedir } from 'node:os';
import { join } from 'node:path';

/** A folder of the user's cache, for downloads, and for files that runs share. */
export function cacheFolder(name: string): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'muster', name);
}
