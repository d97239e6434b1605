import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];
const QUIET = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];
const ALONE = ['--disable-background-networking', '--disable-component-update'];

const program = process.env.MUSTER_CHROMIUM ?? findChromium();

/** Starts Debian's Chromium, or the one that MUSTER_CHROMIUM names; `npm run pages` installs it. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({ ...(program && { executablePath: program }), args: [...QUIET, ...ALONE] });

function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return PROGRAMS.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
