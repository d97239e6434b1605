import { type Static, Type } from 'typebox';

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
  },
  { additionalProperties: false },
);
export type GenesysSettings = Static<typeof GenesysSettings>;
