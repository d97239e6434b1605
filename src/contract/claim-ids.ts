import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { MEDIA } from '../agent/facets.ts';
import { VOICE } from '../agent/status.ts';

/** What a claim's id says. */
export interface ClaimName {
  agentId: string;
  fence: number;
  /** The unit of the agent's capacity that it takes; absent: the one for voice. */
  unit?: string;
  /** The region that granted it in the home's stead: two that could not hear each other may give the same fence. */
  by?: string;
  /** The region that granted it, as the agent's home or, then it is `by`, in its stead. */
  region: string;
}

/** Characters of what proves an id: 16 bytes in base64url. */
export const PROOF_LENGTH = 22;

/** What an id says, in its fixed order, but for the proof. */
const UNIT = `${VOICE}|(?:${MEDIA.filter((name) => name !== VOICE).join('|')})-[1-9][0-9]{0,2}`;
const CLAIM_ID = new RegExp(
  `^(.+)~([1-9][0-9]{0,15}):(${UNIT}):(home|verified):([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{${PROOF_LENGTH}})$`,
  's',
);

/** Code points of the longest id: agent, fence, the longest unit, mode, region, proof, and what stands between them. */
export const LONGEST_CLAIM_ID = 200 + 16 + 'voicemail-999'.length + 'verified'.length + 64 + PROOF_LENGTH + 5;

/**
 * A claim's id says all that whoever is shown it must know to settle it, and ends with what proves that a region said so:
 * `{agent}~{fence}:{unit}:{home|verified}:{region}:{proof}`. Opaque to callers.
 */
export function claimIdOf({ agentId, fence, unit = VOICE, by, region }: ClaimName, proof: string): string {
  return `${agentId}~${fence}:${unit}:${by === undefined ? 'home' : 'verified'}:${region}:${proof}`;
}

/** Undefined for what has not the form of a claim's id. Whether the proof is one is for others to say. */
export function readClaimId(claimId: string): { name: ClaimName; proof: string } | undefined {
  if (claimId.length > 2 * LONGEST_CLAIM_ID) return undefined;
  const [, agentId = '', number, unit, mode, region = '', proof = ''] = CLAIM_ID.exec(claimId) ?? [];
  const fence = Number(number);
  if (!Number.isSafeInteger(fence)) return undefined;
  const name = { agentId, fence, ...(unit !== VOICE && { unit }), ...(mode === 'verified' && { by: region }), region };
  return { name: name as ClaimName, proof };
}

/** What a MAC is made over begins with what it is for: one that was made for something else proves nothing here. */
const CLAIM = 'muster claim';
const FINGERPRINT = 'muster fingerprint of a claim key';
/** Of what is signed. Another one makes all ids of this one strangers. */
const FORMAT = 1;
const FINGERPRINT_LENGTH = 12;
const MAC_BYTES = 16;

/**
 * Makes the ids of claims, and knows those that were made with one of its keys from those that somebody made up. What an
 * id says is signed with HMAC-SHA256, of which 16 bytes are in the id.
 */
export class ClaimIds {
  readonly #keys: readonly KeyObject[];
  readonly #first: KeyObject;
  /** Names of the keys, that of the first first. They tell keys apart, and help nobody to sign. */
  readonly fingerprints: readonly string[];

  /** @param secrets the first signs, all are known; the same in all regions */
  constructor(secrets: readonly [string, ...string[]]) {
    const [first, ...others] = secrets.map((secret) => createSecretKey(secret, 'utf8'));
    this.#first = first as KeyObject;
    this.#keys = [this.#first, ...others];
    this.fingerprints = this.#keys.map((key) => macOf(key, [FINGERPRINT]).slice(0, FINGERPRINT_LENGTH));
  }

  /** The id of a claim that a region granted. */
  sign(name: ClaimName): string {
    return claimIdOf(name, macOf(this.#first, statementOf(name)));
  }

  /** What the id says; undefined where it was not made with any of the keys, to the letter. */
  prove(claimId: string): ClaimName | undefined {
    const read = readClaimId(claimId);
    if (!read) return undefined;
    const statement = statementOf(read.name);
    // As text: several texts stand for the same bytes in base64url, and only one of them is the id.
    const shown = Buffer.from(read.proof, 'latin1');
    const isProven = this.#keys.some((key) => timingSafeEqual(Buffer.from(macOf(key, statement), 'latin1'), shown));
    return isProven ? read.name : undefined;
  }
}

const statementOf = ({ agentId, fence, unit = VOICE, by, region }: ClaimName): (string | number)[] => [
  CLAIM,
  FORMAT,
  agentId,
  fence,
  unit,
  by === undefined ? 'home' : 'verified',
  region,
];

/** JSON is the same for no two lists; it also tells texts apart that are no Unicode, which UTF-8 would not. */
function macOf(key: KeyObject, statement: readonly (string | number)[]): string {
  const mac = createHmac('sha256', key).update(JSON.stringify(statement)).digest();
  return mac.subarray(0, MAC_BYTES).toString('base64url');
}
