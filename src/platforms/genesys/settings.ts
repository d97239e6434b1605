import { type Static, Type } from 'typebox';

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
    clientId: Type.String({ minLength: 1, description: 'Id of the OAuth client.' }),
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
  },
  { additionalProperties: false },
);
export type GenesysSettings = Static<typeof GenesysSettings>;
