import { inside, type Problem } from './problems.ts';
import type { Config } from './schema.ts';

const HOW = 'the same in all regions, e.g. made by `openssl rand -base64 32`';

/** Whoever can sign ids can make up claims: behind closed doors that takes a secret. */
export function checkClaimKeys({ auth, claims: { keys } }: Config): Problem[] {
  if (!keys) return auth ? [{ path: 'claims.keys', message: `is missing, expected a list of secrets, ${HOW}` }] : [];
  return keys.flatMap((key, at) => {
    const first = keys.indexOf(key);
    return first === at
      ? []
      : [{ path: inside('claims.keys', at), message: `repeats ${inside('claims.keys', first)}` }];
  });
}
