import type { Config } from '../config/schema.ts';
import { ClaimIds } from '../contract/claim-ids.ts';
import type { Log } from '../ops/log.ts';

/** No secret, and the same in all regions: where anybody may claim, anybody may make ids, too. */
const WITHOUT_AUTH = 'muster signs ids with this where it has no keys of its own';

/** Signs with the keys of the config; without any, as anybody could, and says so. */
export function openClaimIds({ claims: { keys } }: Pick<Config, 'claims'>, log: Log): ClaimIds {
  const [first, ...others] = keys ?? [];
  if (first !== undefined) return new ClaimIds([first, ...others]);
  log.warn('claim_keys_not_configured');
  return new ClaimIds([WITHOUT_AUTH]);
}
