import { type Static, Type } from 'typebox';
import type { OwnPresences } from './mapping.ts';

const OwnPresence = Type.Object(
  {
    reason: Type.String({
      pattern: '^[A-Z][A-Z0-9_]{0,59}$',
      title: 'a word in capitals, such as COACHING',
      description: 'Of a presence of the organisation’s own, by its definition id: why who has it takes no work.',
    }),
    // Not `ON_DUTY`: only On Queue takes work, whatever a config says.
    state: Type.Enum(['PAUSED', 'OFF_DUTY'], {
      description:
        'What it means: `PAUSED`, at work and busy; `OFF_DUTY`, offline. Without an entry it is its system presence.',
    }),
  },
  { additionalProperties: false, description: 'One presence.' },
);

/** Requests a minute of a region; the platform grants 300 to each client-credentials token. */
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
      description: 'Id of the OAuth client; [the permissions](permissions-genesys.md) of its role.',
    }),
    clientSecret: Type.String({ minLength: 1, description: 'Its secret.', writeOnly: true }),
    topicsPerChannel: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 1000,
        description: 'Users watched by one notification channel; the platform takes 1,000 topics a channel',
      }),
    ),
    requestsPerMinute: Type.Optional(
      Type.Integer({
        minimum: 20,
        maximum: 3000,
        default: DEFAULT_REQUESTS_PER_MINUTE,
        description:
          'Requests that the instances of one region together send in any minute, a quarter of them kept for asking about single agents while a caller waits. The platform takes 300 a minute of one token, unless it has granted more',
      }),
    ),
    presences: Type.Optional(
      Type.Record(Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }), OwnPresence, {
        additionalProperties: false,
        maxProperties: 1000,
        description:
          'Presences of the organisation’s own, by presence definition id; one that is not here is shown as its system presence.',
      }),
    ),
    utilization: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Whether agents are offered as many interactions at a time as the organisation’s utilization lets them carry, by media type; else one call. Needs `routing:utilization:view`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type GenesysSettings = Static<typeof GenesysSettings>;

export function ownPresences({ presences = {} }: Pick<GenesysSettings, 'presences'>): OwnPresences {
  return new Map(Object.entries(presences));
}
