import { Type } from 'typebox';
import { closed, named } from './fields.ts';

/** Who may call, and where it is written down what they did. */

const Key = Type.String({ minLength: 1, maxLength: 65_536, title: 'a public key: PEM, a JWK, or a JWKS' });

const Issuer = Type.Object(
  {
    issuer: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'What its tokens say in `iss`, to the letter.',
    }),
    audience: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'What they must say in `aud`: the name that Muster has at this issuer.',
    }),
    jwksUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s]+$',
        title: 'a URL',
        description: 'Where it publishes its keys; HTTPS, but on loopback. They are fetched again every 5 minutes.',
      }),
    ),
    keys: Type.Array(Key, {
      default: [],
      minItems: 0,
      maxItems: 10,
      description: `Its public keys, where it publishes none: e.g. \`\${file:issuer.pem}\`.`,
    }),
  },
  { ...closed, description: 'One issuer of tokens.' },
);

export const Auth = Type.Object(
  {
    issuers: named(Issuer, 'Whose tokens are believed, by any name.', { minProperties: 1 }),
    regionKey: Type.Optional(
      Type.String({
        minLength: 1,
        title: 'an Ed25519 private key: PEM or a JWK',
        description: `The private key by which this region is known to the others, e.g. \`\${file:region.pem}\`; its public part is in \`regions\`.`,
        writeOnly: true,
      }),
    ),
  },
  {
    ...closed,
    description:
      'Who may call: see [security.md](security.md). Without this section anybody may, and only on loopback: an instance refuses to listen anywhere else.',
  },
);

/** Part of each of `regions`. */
export const RegionKeys = Type.Array(Key, {
  default: [],
  minItems: 0,
  maxItems: 4,
  description: `Its public keys, where there is \`auth\`: two while one takes the place of the other, e.g. \`\${file:eu-west-1.pub.pem}\`.`,
});

export const Audit = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'A file that records are appended to. Left out, they are lines of the log with `"audit": true`.',
      }),
    ),
  },
  { ...closed, default: {}, description: 'Where it is written down who claimed, settled, reported and looked.' },
);
