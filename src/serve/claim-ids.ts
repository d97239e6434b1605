import type { Config } from '../config/schema.ts';
import { ClaimIds } from '../contract/claim-ids.ts';
import type { Log } from '../ops/log.ts';

/** The key without configured keys. It is public and the same in all regions; without `auth` any caller can claim anyway. */
const WITHOUT_AUTH = 'muster signs ids with this where it has no keys of its own';

/** Signs claim ids with the configured keys. Without any, uses a public key and logs a warning. */
export function openClaimIds({ claims: { keys } }: Pick<Config, 'claims'>, log: Log): ClaimIds {
  const [first, ...others] = keys ?? [];
  if (first !== undefined) return new ClaimIds([first, ...others]);
  log.warn('claim_keys_not_configured');
  return new ClaimIds([WITHOUT_AUTH]);
}
