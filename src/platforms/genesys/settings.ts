import { type Static, Type } from 'typebox';
import type { OwnPresences } from './mapping.ts';

const OwnPresence = Type.Object(
  {
    reason: Type.String({
      pattern: '^[A-Z][A-Z0-9_]{0,59}$',
      title: 'a word in capitals, such as COACHING',
      description: 'Reason shown for agents with this presence.',
    }),
    // Not `ON_DUTY`: only On Queue takes work, and no config can change that.
    state: Type.Enum(['PAUSED', 'OFF_DUTY'], {
      description: '`PAUSED`: at work and busy. `OFF_DUTY`: offline.',
    }),
  },
  { additionalProperties: false, description: 'One presence.' },
);

/** Requests per minute of a region; the platform allows 300 per client-credentials token. */
export const DEFAULT_REQUESTS_PER_MINUTE = 240;

/** How to reach one Genesys Cloud organisation, with an OAuth client of the client-credentials kind. */
export const GenesysSettings = Type.Object(
  {
    loginUrl: Type.String({
      pattern: '^https?://[^/]+$',
      title: 'a URL without a path',
      description: 'Login host of the organisation’s AWS region, e.g. https://login.mypurecloud.de',
    }),
    apiUrl: Type.String({
      pattern: '^https?://[^/]+$',
      title: 'a URL without a path',
      description: 'API host of the same region, e.g. https://api.mypurecloud.de',
    }),
    clientId: Type.String({
      minLength: 1,
      description: 'Id of the OAuth client; its role needs [these permissions](permissions-genesys.md).',
    }),
    clientSecret: Type.String({ minLength: 1, description: 'Secret of the OAuth client.', writeOnly: true }),
    topicsPerChannel: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 1000,
        description: 'Users per notification channel; the platform allows 1,000 topics per channel.',
      }),
    ),
    requestsPerMinute: Type.Optional(
      Type.Integer({
        minimum: 20,
        maximum: 3000,
        default: DEFAULT_REQUESTS_PER_MINUTE,
        description:
          'Requests that all instances of a region together send in any minute; a quarter is reserved for questions about single agents while a caller waits. The platform allows 300 per minute and token, unless it has granted more.',
      }),
    ),
    presences: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), OwnPresence, {
        additionalProperties: false,
        maxProperties: 1000,
        description:
          'Custom presences of the organisation, by presence definition id. Others are shown as their system presence.',
      }),
    ),
    utilization: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether agents take as many interactions of each media type at once as the organisation’s utilization allows. If false: one call at a time. Needs `routing:utilization:view`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type GenesysSettings = Static<typeof GenesysSettings>;

export function ownPresences({ presences = {} }: Pick<GenesysSettings, 'presences'>): OwnPresences {
  return new Map(Object.entries(presences));
}
