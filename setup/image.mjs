import { find, installPackage } from './debian.mjs';
import { Missing } from './quietly.mjs';

const TOOLS = ['buildah', 'mmdebstrap', 'crun'];

/** Installs what builds an image without a daemon or a hub. @throws Missing, in one line, where that cannot be */
export function ensureImageTools() {
  const advice = `npm run image builds on Debian 12 as root, with ${TOOLS.join(', ')}: elsewhere use \`docker build\` (docs/install.md)`;
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw new Missing(advice);
  for (const tool of TOOLS) if (!find(tool)) installPackage(tool, advice);
}
