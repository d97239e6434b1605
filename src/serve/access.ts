import { type KeySource, StaticKeys } from '../auth/key-source.ts';
import { readKeys, readRegionKey } from '../auth/keys.ts';
import { RegionTokens, regionAsIssuer } from '../auth/region-tokens.ts';
import { RemoteKeys } from '../auth/remote-keys.ts';
import { clientOf, type Issuer, Tokens } from '../auth/tokens.ts';
import { isLoopback } from '../config/loopback.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

/** Authentication of callers, and of this region towards other regions. */
export interface Access {
  /** Checks the tokens of requests; undefined if `auth` is not configured. */
  tokens: Tokens | undefined;
  /** Signs requests to other regions; undefined without `auth.regionKey`. */
  regionTokens: RegionTokens | undefined;
  /** Issuers whose keys are fetched from a URL, by their names in the configuration. */
  published: ReadonlyMap<string, RemoteKeys>;
  start(): void;
  stop(): Promise<void>;
}

/**
 * Sets up authentication. Without `auth`, every caller on this machine has access, and only they.
 * @throws Error if `listen.host` is not a loopback address and `auth` is missing, or a key cannot be read
 */
export function openAccess(config: Config, clock: Clock, log: Log): Access {
  const { auth, listen, region, regions } = config;
  const published = new Map<string, RemoteKeys>();
  if (!auth) {
    if (!isLoopback(listen.host)) throw new Error(closed(listen.host));
    log.warn('auth_not_configured');
    return { tokens: undefined, regionTokens: undefined, published, start: () => {}, stop: async () => {} };
  }
  const issuers = new Map<string, Issuer>(
    Object.entries(regions)
      .filter(([name]) => name !== region)
      .map(([name, { keys }]) => regionAsIssuer(name, keys.flatMap(readKeys), region)),
  );
  for (const [name, { issuer, audience, jwksUrl, keys }] of Object.entries(auth.issuers)) {
    const remote = jwksUrl === undefined ? undefined : new RemoteKeys({ url: jwksUrl, clock, log });
    if (remote) published.set(name, remote);
    const source: KeySource = remote ?? new StaticKeys(keys.flatMap(readKeys));
    issuers.set(issuer, { audience, keys: source, callerOf: clientOf });
  }
  const { regionKey } = auth;
  return {
    tokens: new Tokens(issuers, clock),
    regionTokens: regionKey === undefined ? undefined : new RegionTokens(region, readRegionKey(regionKey), clock),
    published,
    start: () => {
      for (const keys of published.values()) keys.start();
    },
    stop: async () => {
      await Promise.all([...published.values()].map((keys) => keys.stop()));
    },
  };
}

const closed = (host: string): string =>
  `refuses to listen on ${host} without \`auth\`: anybody who reaches it could claim agents. Configure \`auth\` (docs/security.md), or listen on 127.0.0.1`;
