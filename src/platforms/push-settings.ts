import { Type } from 'typebox';

const closed = { additionalProperties: false };

/** The part of a connection's config for pushes from the platform; spread into each connection that supports them. */
export const PushSettings = {
  push: Type.Optional(
    Type.Object(
      {
        scheme: Type.Enum(['hmac-sha256', 'bearer'], {
          description:
            'How senders to `POST /v1/platforms/<name>/events` authenticate; without `push` they are refused. `hmac-sha256`: a signature of the body (header `x-muster-signature`). `bearer`: the secret itself (header `authorization`).',
        }),
        secret: Type.String({
          minLength: 16,
          title: 'a text of 16 characters or more',
          description: 'Secret of the senders of this connection. Use a different one for each connection.',
          writeOnly: true,
        }),
      },
      {
        ...closed,
        description: 'Access for pushes to the connection.',
      },
    ),
  ),
};

/** Value of `push` in one connection. */
export interface PushConfig {
  scheme: 'hmac-sha256' | 'bearer';
  secret: string;
}
