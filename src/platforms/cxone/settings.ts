import { type Static, Type } from 'typebox';
import type { ReadingShares } from '../budget.ts';

/** Meaning of a custom unavailable code. No setting makes its agents available. */
const UnavailableCode = Type.Object(
  {
    reason: Type.String({
      pattern: '^[A-Z0-9_]{1,60}$',
      title: 'a word such as COACHING',
      description: 'Reason shown for agents with this code.',
    }),
    state: Type.Enum(['PAUSED', 'OFF_DUTY', 'WRAP_UP'], {
      default: 'PAUSED',
      description: '`PAUSED`: logged in and busy. `OFF_DUTY`: offline. `WRAP_UP`: after-contact work.',
    }),
  },
  { additionalProperties: false },
);

const Secret = (description: string) => Type.String({ minLength: 1, description, writeOnly: true });

/**
 * Access to one NICE CXone tenant: the access key of a user with read permissions, and either a registered back-end
 * application or the URL where a key alone is enough.
 */
export const CxoneSettings = Type.Object(
  {
    issuerUrl: Type.String({
      default: 'https://cxone.niceincontact.com',
      pattern: '^https?://[^/]+$',
      title: 'a URL without a path',
      description: 'Host of logins; for FedRAMP tenants https://cxone-gov.niceincontact.com',
    }),
    clientId: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Id of the registered back-end application, with `clientSecret`; or use `accessKeyUrl` alone.',
      }),
    ),
    clientSecret: Type.Optional(Secret('Secret of the application.')),
    accessKeyUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^/]+$',
        title: 'a URL without a path',
        description:
          'Host of the tenant’s area, e.g. https://na1.nice-incontact.com, for a login with the access key alone, without a registered application.',
      }),
    ),
    accessKeyId: Type.String({
      minLength: 1,
      description: 'Id of an access key of a user with [these permissions](permissions-cxone.md).',
    }),
    accessKeySecret: Secret('Secret of the access key.'),
    tenantId: Type.Optional(
      Type.String({ minLength: 1, description: 'Id of the tenant, if tokens do not contain it.' }),
    ),
    apiVersion: Type.Integer({
      default: 34,
      minimum: 1,
      maximum: 99,
      description: 'Version of the API, as in `/services/v34.0/`.',
    }),
    pollIntervalMs: Type.Integer({
      default: 5000,
      minimum: 2000,
      maximum: 60_000,
      description: 'Interval of polls for changes; CXone does not push them.',
    }),
    requestsPerMinute: Type.Integer({
      default: 60,
      minimum: 10,
      maximum: 6000,
      description:
        'Requests that all instances of a region together send in any minute; a quarter is reserved for questions about single agents while a caller waits. NICE publishes no limit.',
    }),
    pageSize: Type.Integer({
      default: 1000,
      minimum: 1,
      maximum: 10_000,
      description: 'Rows per request. Shorter pages are accepted; if the platform refuses the size, 100 is used.',
    }),
    unavailableCodes: Type.Optional(
      Type.Record(Type.String({ pattern: '^.{1,100}$' }), UnavailableCode, {
        additionalProperties: false,
        description:
          'Meaning of custom unavailable codes, by name (in any case) or id: `{ Coaching: { reason: COACHING, state: PAUSED } }`; `state` may also be `OFF_DUTY` or `WRAP_UP`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type CxoneSettings = Static<typeof CxoneSettings>;
export type UnavailableCodes = NonNullable<CxoneSettings['unavailableCodes']>;

/** Requests per minute of the platform sync; the rest is reserved for platform readers. */
export const syncShare = ({ requestsPerMinute }: CxoneSettings): number => Math.floor(requestsPerMinute * 0.75);

/** Requests per minute of polling: agents' states and contacts, one page each. */
export const pollsPerMinute = ({ pollIntervalMs }: CxoneSettings): number => Math.ceil((2 * 60_000) / pollIntervalMs);

/** Smallest share of full reads, in requests per minute. */
const LEAST_FOR_READINGS = 6;

/** Factor of the poll interval during the first full read: no agent can be claimed before it ends. */
export const SLOWER_AT_FIRST = 2;

/** Requests per minute that full reads may use, so that polls do not wait for them. */
export function readingShares(settings: CxoneSettings): ReadingShares {
  const left = (polls: number): number => Math.max(syncShare(settings) - polls, LEAST_FOR_READINGS);
  const polls = pollsPerMinute(settings);
  return { first: left(Math.ceil(polls / SLOWER_AT_FIRST)), reading: left(polls) };
}
