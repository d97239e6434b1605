import { SIGNATURE } from '../credentials.ts';
import type { Operation } from '../operations/operation.ts';
import type { JsonObject } from './components.ts';

/** How callers say who they are. */
export const SECURITY_SCHEMES: JsonObject = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A token of an issuer of the config, for its audience. Where the config names no issuers, anybody may call.',
  },
  region: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token that another region has signed with its own key.',
  },
  secret: {
    type: 'http',
    scheme: 'bearer',
    description: 'The secret of a connection whose `push` has the scheme `bearer`.',
  },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: SIGNATURE,
    description: 'Of a connection whose `push` has the scheme `hmac-sha256`: of the body, under its secret.',
  },
};

/** What a caller of the operation must show. */
export function securityOf({ access }: Operation): JsonObject {
  if (access === 'open') return { security: [] };
  if (access === 'platform') return { security: [{ secret: [] }, { signature: [] }] };
  return { security: [access === 'region' ? { region: [] } : { token: [access] }] };
}
