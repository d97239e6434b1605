import { Type } from 'typebox';
import { closed, named } from './fields.ts';

/** Access to the API, and the audit. */

const Key = Type.String({ minLength: 1, maxLength: 65_536, title: 'a public key: PEM, a JWK, or a JWKS' });

const Issuer = Type.Object(
  {
    issuer: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'Value of `iss` in its tokens, exactly.',
    }),
    audience: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'Required value of `aud`: the name of Muster at this issuer.',
    }),
    jwksUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s]+$',
        title: 'a URL',
        description: 'URL of its published keys, refreshed every 5 minutes; HTTPS, except on loopback.',
      }),
    ),
    keys: Type.Array(Key, {
      default: [],
      minItems: 0,
      maxItems: 10,
      description: `Its public keys, if it does not publish them, e.g. \`\${file:issuer.pem}\`.`,
    }),
  },
  { ...closed, description: 'One issuer of tokens.' },
);

export const Auth = Type.Object(
  {
    issuers: named(Issuer, 'Trusted issuers of tokens, by any name.', { minProperties: 1 }),
    regionKey: Type.Optional(
      Type.String({
        minLength: 1,
        title: 'an Ed25519 private key: PEM or a JWK',
        description: `Private key that authenticates this region to the others, e.g. \`\${file:region.pem}\`; its public key is in \`regions\`.`,
        writeOnly: true,
      }),
    ),
  },
  {
    ...closed,
    description:
      'Access to the API: see [security.md](security.md). Without this section every caller has access, and the instance refuses to listen on anything but loopback.',
  },
);

/** Part of each of `regions`. */
export const RegionKeys = Type.Array(Key, {
  default: [],
  minItems: 0,
  maxItems: 4,
  description: `Its public keys, required with \`auth\`, e.g. \`\${file:eu-west-1.pub.pem}\`; two while the key is being replaced.`,
});

export const Audit = Type.Object(
  {
    file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'File that records are appended to. Default: lines of the log with `"audit": true`.',
      }),
    ),
  },
  { ...closed, default: {}, description: 'Records of claims, settlements, reports and reads, and who made them.' },
);
