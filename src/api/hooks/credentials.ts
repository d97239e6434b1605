import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { PushConfig } from '../../platforms/push-settings.ts';

/** Where the signature of a body is: `sha256=` and the HMAC of its bytes, in hex or base64. */
export const SIGNATURE = 'x-muster-signature';
const SCHEME = /^sha256=/i;
const HEX = /^[0-9a-f]{64}$/i;

/**
 * Whether a request comes from somebody who knows the secret. How long that takes says nothing of the secret.
 * @param body the bytes as they came
 */
export function isAuthentic({ scheme, secret }: PushConfig, headers: IncomingHttpHeaders, body: Buffer): boolean {
  return scheme === 'bearer' ? isBearer(secret, headers.authorization) : isSigned(secret, headers[SIGNATURE], body);
}

function isBearer(secret: string, authorization = ''): boolean {
  const [, shown] = /^bearer +(.+)$/i.exec(authorization) ?? [];
  return shown !== undefined && timingSafeEqual(digestOf(shown), digestOf(secret));
}

function isSigned(secret: string, signature: string | string[] | undefined, body: Buffer): boolean {
  if (typeof signature !== 'string' || !SCHEME.test(signature)) return false;
  const text = signature.replace(SCHEME, '');
  const shown = Buffer.from(text, HEX.test(text) ? 'hex' : 'base64');
  const expected = createHmac('sha256', secret).update(body).digest();
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

/** Texts of different lengths are compared by what is as long for all. */
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
