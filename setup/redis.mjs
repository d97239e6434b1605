import { find, installPackage } from './debian.mjs';
import { Missing, outputOf } from './quietly.mjs';

const OLDEST = [6, 2];
const NEEDED = `Redis ${OLDEST.join('.')} or later`;

/** The path of a `redis-server` that is new enough; installs Debian's where that takes no password. @throws Missing */
export function ensureRedis() {
  const server = process.env.MUSTER_REDIS_SERVER || find('redis-server') || install();
  const version = versionOf(server);
  if (!version) throw new Missing(`${server} is not a redis-server: set MUSTER_REDIS_SERVER to ${NEEDED}`);
  const [major, minor] = version;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return server;
  throw new Missing(`${server} is Redis ${major}.${minor}: install ${NEEDED}, or set MUSTER_REDIS_SERVER to one`);
}

function install() {
  const advice = `Muster needs redis-server (${NEEDED}): install it, or set MUSTER_REDIS_SERVER to its path`;
  installPackage('redis-server', advice);
  const server = find('redis-server');
  if (!server) throw new Missing(advice);
  return server;
}

/** `[major, minor]` as the server itself says it (Valkey says it the same way). */
function versionOf(server) {
  const match = /\bv=(\d+)\.(\d+)\./.exec(outputOf(server, ['--version']) ?? '');
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
