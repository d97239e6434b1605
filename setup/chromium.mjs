import { find, installPackage } from './debian.mjs';

/** Names of the program, by distribution. test/page/chromium.ts looks for the same. */
const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/** @throws Missing where there is no Chromium and none can be installed */
export function ensureChromium() {
  if (process.env.MUSTER_CHROMIUM || PROGRAMS.some(find)) return;
  const advice = 'the API page is tested in Chromium, and there is none: install it (e.g. apt-get install chromium)';
  installPackage('chromium', `${advice}, or name one in MUSTER_CHROMIUM`);
}
