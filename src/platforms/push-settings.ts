import { Type } from 'typebox';

const closed = { additionalProperties: false };

/** The part of a connection's config that lets its platform push: spread into each connection that has one. */
export const PushSettings = {
  push: Type.Optional(
    Type.Object(
      {
        scheme: Type.Enum(['hmac-sha256', 'bearer'], {
          description:
            'With `push` the connection takes what is sent to `POST /v1/platforms/<name>/events`, else nothing. How a sender proves itself: `hmac-sha256` signs the body (header `x-muster-signature`), `bearer` shows the secret (header `authorization`).',
        }),
        secret: Type.String({
          minLength: 16,
          title: 'a text of 16 characters or more',
          description: 'What only the senders of this connection know; another for each connection.',
          writeOnly: true,
        }),
      },
      {
        ...closed,
        description: 'Who may push to the connection.',
      },
    ),
  ),
};

/** As one connection sets it. */
export interface PushConfig {
  scheme: 'hmac-sha256' | 'bearer';
  secret: string;
}
