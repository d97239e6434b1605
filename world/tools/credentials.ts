import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { SCOPES, type Scope } from '../../src/auth/scopes.ts';
import { type Clock, systemClock } from '../../src/ops/clock.ts';

/** The local world as an issuer, and its regions as its audience. */
const ISSUER = 'urn:muster:local-world';
const AUDIENCE = 'muster';
const ALGORITHM = 'EdDSA';
const CLAIM_KEY = 'claims.key';
const CLAIM_KEY_BYTES = 32;
const ISSUER_KEY = 'issuer.key.pem';
/** Lifetime of a token, in s. */
const VALID_SECONDS = 12 * 3600;
/** Interval at which parts of the world get a new token, in ms. */
const RENEWED_MS = 3_600_000;
/** File mode of private keys. */
const MODE = 0o600;

/** Writes the key by which all regions of a world sign claim ids, to its folder. */
export function writeClaimKey(folder: string): void {
  writeFileSync(join(folder, CLAIM_KEY), randomBytes(CLAIM_KEY_BYTES).toString('base64'), { mode: MODE });
}

/** The part of an instance's configuration for it; the file must be in the same folder. */
export const claimSettings = () => ({ claims: { keys: [contentOf(CLAIM_KEY)] } });

/** The keys of a world that needs tokens: its own, and one per region, as files in its folder. */
export class Credentials {
  readonly #key: KeyObject;
  readonly #clock: Clock;
  #minted: { token: Promise<string>; atMs: number } | undefined;

  /** Writes the keys. */
  constructor(folder: string, regions: readonly string[], clock: Clock = systemClock) {
    this.#key = writePair(join(folder, ISSUER_KEY), join(folder, 'issuer.pem'));
    this.#clock = clock;
    for (const region of regions) writePair(join(folder, `${region}.key.pem`), join(folder, `${region}.pem`));
  }

  /** The part of an instance's configuration for them; the files must be in the same folder. */
  settings(region: string, regions: readonly string[]): object {
    const local = { issuer: ISSUER, audience: AUDIENCE, keys: [contentOf('issuer.pem')] };
    return {
      auth: { issuers: { local }, regionKey: contentOf(`${region}.key.pem`) },
      regions: Object.fromEntries(regions.map((name) => [name, { keys: [contentOf(`${name}.pem`)] }])),
    };
  }

  /** A token for parts of the world, with all scopes. */
  token(): Promise<string> {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#minted || nowMs - this.#minted.atMs > RENEWED_MS)
      this.#minted = { token: mint(this.#key, 'local-world', SCOPES, this.#clock), atMs: nowMs };
    return this.#minted.token;
  }
}

/**
 * A token for a person, valid for 12 h at the world whose files are in the folder.
 * @returns undefined if that world needs none
 */
export async function mintFor(folder: string, scopes: readonly Scope[], clock: Clock): Promise<string | undefined> {
  const file = join(folder, ISSUER_KEY);
  if (!existsSync(file)) return undefined;
  return mint(createPrivateKey(readFileSync(file)), 'developer', scopes, clock);
}

function mint(key: KeyObject, subject: string, scopes: readonly Scope[], clock: Clock): Promise<string> {
  const issuedAt = Math.floor(clock.nowMs() / 1000);
  return new SignJWT({ scope: scopes.join(' ') })
    .setProtectedHeader({ alg: ALGORITHM })
    .setIssuer(ISSUER)
    .setSubject(subject)
    .setAudience(AUDIENCE)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + VALID_SECONDS)
    .sign(key);
}

function writePair(privateFile: string, publicFile: string): KeyObject {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  writeFileSync(privateFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: MODE });
  writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  return privateKey;
}

const contentOf = (file: string): string => `\${file:${file}}`;
