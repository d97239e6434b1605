import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { MEDIA } from '../agent/facets.ts';
import { VOICE } from '../agent/status.ts';

/** The content of a claim's id. */
export interface ClaimName {
  agentId: string;
  fence: number;
  /** The unit of the agent's capacity that the claim takes; absent: voice. */
  unit?: string;
  /** The region that granted the claim on the home's behalf: two regions without contact may grant the same fence. */
  by?: string;
  /** The region that granted the claim: the agent's home, or `by` on its behalf. */
  region: string;
}

/** Length of the proof in an id, in characters: 16 bytes in base64url. */
export const PROOF_LENGTH = 22;

/** Form of a unit in an id. */
const UNIT = `${VOICE}|(?:${MEDIA.filter((name) => name !== VOICE).join('|')})-[1-9][0-9]{0,2}`;
const CLAIM_ID = new RegExp(
  `^(.+)~([1-9][0-9]{0,15}):(${UNIT}):(home|verified):([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{${PROOF_LENGTH}})$`,
  's',
);

/** Length of the longest id in code points: agent, fence, the longest unit, mode, region, proof, and the separators. */
export const LONGEST_CLAIM_ID = 200 + 16 + 'voicemail-999'.length + 'verified'.length + 64 + PROOF_LENGTH + 5;

/**
 * A claim's id. It has all that a region needs to settle the claim, and ends with the proof that a region granted it:
 * `{agent}~{fence}:{unit}:{home|verified}:{region}:{proof}`. Opaque to callers.
 */
export function claimIdOf({ agentId, fence, unit = VOICE, by, region }: ClaimName, proof: string): string {
  return `${agentId}~${fence}:${unit}:${by === undefined ? 'home' : 'verified'}:${region}:${proof}`;
}

/** Parses an id; undefined if it does not have the form of one. Does not verify the proof. */
export function readClaimId(claimId: string): { name: ClaimName; proof: string } | undefined {
  if (claimId.length > 2 * LONGEST_CLAIM_ID) return undefined;
  const [, agentId = '', number, unit, mode, region = '', proof = ''] = CLAIM_ID.exec(claimId) ?? [];
  const fence = Number(number);
  if (!Number.isSafeInteger(fence)) return undefined;
  const name = { agentId, fence, ...(unit !== VOICE && { unit }), ...(mode === 'verified' && { by: region }), region };
  return { name: name as ClaimName, proof };
}

/** Purpose, the first part of what a MAC covers: a MAC for another purpose proves nothing here. */
const CLAIM = 'muster claim';
const FINGERPRINT = 'muster fingerprint of a claim key';
/** Format of what is signed. Another one invalidates all existing ids. */
const FORMAT = 1;
const FINGERPRINT_LENGTH = 12;
const MAC_BYTES = 16;

/**
 * Signs and verifies claim ids. The content of an id is signed with HMAC-SHA256, of which 16 bytes are in the id.
 */
export class ClaimIds {
  readonly #keys: readonly KeyObject[];
  readonly #first: KeyObject;
  /** Fingerprints of the keys, in their order. They identify keys without revealing them. */
  readonly fingerprints: readonly string[];

  /** @param secrets the first signs, all verify; the same in all regions */
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

  /** The content of an id; undefined if none of the keys signed exactly this id. */
  prove(claimId: string): ClaimName | undefined {
    const read = readClaimId(claimId);
    if (!read) return undefined;
    const statement = statementOf(read.name);
    // Compared as text: several base64url texts decode to the same bytes, and only one of them is the id.
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

/** JSON is different for different lists, also if they have lone surrogates, which UTF-8 would merge. */
function macOf(key: KeyObject, statement: readonly (string | number)[]): string {
  const mac = createHmac('sha256', key).update(JSON.stringify(statement)).digest();
  return mac.subarray(0, MAC_BYTES).toString('base64url');
}
