import { isPublicPartOf, readKeys, readRegionKey, UnusableKey } from '../auth/keys.ts';
import { REGION_PREFIX } from '../auth/region-tokens.ts';
import { isLoopback } from './loopback.ts';
import { inside, type Problem } from './problems.ts';
import type { Config } from './schema.ts';

/** Rules for keys and issuers. */
export function checkAuth(config: Config): Problem[] {
  const { auth, regions } = config;
  if (!auth) return [];
  return [
    ...Object.keys(auth.issuers).flatMap((name) => checkIssuer(auth, name)),
    ...Object.entries(regions).flatMap(([name, { keys }]) => checkKeys(inside('regions', name), keys, 'ed25519')),
    ...checkRegionKey(config, auth),
  ];
}

type Auth = NonNullable<Config['auth']>;

function checkIssuer({ issuers }: Auth, name: string): Problem[] {
  const path = inside('auth.issuers', name);
  const own = issuers[name];
  if (!own) return [];
  const problems = checkKeys(path, own.keys);
  const [first = name] = Object.keys(issuers).filter((each) => issuers[each]?.issuer === own.issuer);
  if (first !== name) problems.push({ path: `${path}.issuer`, message: `is also that of the issuer "${first}"` });
  if (own.issuer.startsWith(REGION_PREFIX))
    problems.push({ path: `${path}.issuer`, message: `begins with ${REGION_PREFIX}, which only regions may` });
  if ((own.jwksUrl === undefined) === (own.keys.length === 0))
    problems.push({ path, message: 'must have either jwksUrl or keys' });
  return own.jwksUrl === undefined ? problems : [...problems, ...checkUrl(`${path}.jwksUrl`, own.jwksUrl)];
}

/** Keys need HTTPS: an attacker who replaces them in transit could sign tokens of any caller. */
function checkUrl(path: string, url: string): Problem[] {
  if (!URL.canParse(url)) return [{ path, message: `is ${url}, which is not a valid URL` }];
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopback(hostname)) return [];
  return [{ path, message: 'is not HTTPS: an attacker could replace the keys in transit' }];
}

function checkKeys(path: string, keys: string[], kind?: 'ed25519'): Problem[] {
  return keys.flatMap((text, at) => {
    const place = inside(`${path}.keys`, at);
    try {
      const isOther = readKeys(text).some(({ key }) => kind !== undefined && key.asymmetricKeyType !== kind);
      return isOther ? [{ path: place, message: 'is of the wrong kind, expected an Ed25519 key' }] : [];
    } catch (error) {
      return [{ path: place, message: messageOf(error) }];
    }
  });
}

/** Regions need keys to authenticate to each other. */
function checkRegionKey({ region, regions }: Config, { regionKey }: Auth): Problem[] {
  if (Object.keys(regions).length === 1) return [];
  const keyless = Object.entries(regions).filter(([, { keys }]) => keys.length === 0);
  const problems = keyless.map(([name]) => ({
    path: `${inside('regions', name)}.keys`,
    message: 'is empty, expected the public key of the region: without it its requests are refused',
  }));
  const own = regions[region]?.keys ?? [];
  const message = regionKey === undefined ? 'is missing, expected a private key' : wrongKey(regionKey, region, own);
  return message === undefined ? problems : [{ path: 'auth.regionKey', message }, ...problems];
}

/** Problem of a region's private key, if any. @param own its public keys */
function wrongKey(regionKey: string, region: string, own: string[]): string | undefined {
  try {
    const key = readRegionKey(regionKey);
    const isReadable = own.length > 0 && checkKeys('', own).length === 0; // otherwise reported already
    if (!isReadable || own.flatMap(readKeys).some((shown) => isPublicPartOf(shown.key, key))) return undefined;
    return `is not the private part of any of ${inside('regions', region)}.keys`;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof UnusableKey) return error.message;
  throw error;
}
