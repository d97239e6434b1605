import { type Static, Type } from 'typebox';
import type { ReadingShares } from '../budget.ts';

/** What a customer's own unavailable code means. Whatever it says, its agents are not available. */
const UnavailableCode = Type.Object(
  {
    reason: Type.String({
      pattern: '^[A-Z0-9_]{1,60}$',
      title: 'a word such as COACHING',
      description: 'The reason that is shown for it.',
    }),
    state: Type.Enum(['PAUSED', 'OFF_DUTY', 'WRAP_UP'], {
      default: 'PAUSED',
      description:
        '`PAUSED`: logged in and busy. `OFF_DUTY`: counts as offline. `WRAP_UP`: at work on what an interaction left.',
    }),
  },
  { additionalProperties: false },
);

const Secret = (description: string) => Type.String({ minLength: 1, description, writeOnly: true });

/**
 * How to reach one NICE CXone tenant: by the access key of a user who may read, and a registered back-end application, or
 * the address where a key alone is enough.
 */
export const CxoneSettings = Type.Object(
  {
    issuerUrl: Type.String({
      default: 'https://cxone.niceincontact.com',
      pattern: '^https?://[^/]+$',
      title: 'a URL without a path',
      description: 'Where logins begin; FedRAMP tenants have https://cxone-gov.niceincontact.com',
    }),
    clientId: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Id of the registered back-end application, with `clientSecret`; or `accessKeyUrl` alone.',
      }),
    ),
    clientSecret: Type.Optional(Secret('Its secret.')),
    accessKeyUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^/]+$',
        title: 'a URL without a path',
        description:
          'Where the access key logs in by itself, without a registered application, e.g. https://na1.nice-incontact.com: the host of the tenant’s area.',
      }),
    ),
    accessKeyId: Type.String({
      minLength: 1,
      description: 'Id of an access key of a user who [may read](permissions-cxone.md).',
    }),
    accessKeySecret: Secret('Its secret.'),
    tenantId: Type.Optional(
      Type.String({ minLength: 1, description: 'The tenant, where the tokens do not name it themselves.' }),
    ),
    apiVersion: Type.Integer({
      default: 34,
      minimum: 1,
      maximum: 99,
      description: 'Version of the API that is called, as in `/services/v34.0/`.',
    }),
    pollIntervalMs: Type.Integer({
      default: 5000,
      minimum: 2000,
      maximum: 60_000,
      description: 'How often CXone is asked what has changed: it does not tell of its own accord.',
    }),
    requestsPerMinute: Type.Integer({
      default: 60,
      minimum: 10,
      maximum: 6000,
      description:
        'Requests that the instances of one region together send in any minute, a quarter of them kept for asking about single agents while a caller waits. NICE publishes no limit.',
    }),
    pageSize: Type.Integer({
      default: 1000,
      minimum: 1,
      maximum: 10_000,
      description:
        'Rows asked for at once. Answers with fewer are taken; where so many are refused, 100 are asked for.',
    }),
    unavailableCodes: Type.Optional(
      Type.Record(Type.String({ pattern: '^.{1,100}$' }), UnavailableCode, {
        additionalProperties: false,
        description:
          'What the customer’s own unavailable codes mean, by name (in any case) or id: `{ Coaching: { reason: COACHING, state: PAUSED } }`; `state` may also be `OFF_DUTY` or `WRAP_UP`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type CxoneSettings = Static<typeof CxoneSettings>;
export type UnavailableCodes = NonNullable<CxoneSettings['unavailableCodes']>;

/** Requests a minute for whoever mirrors the business unit: the rest is kept for asking about single agents. */
export const syncShare = ({ requestsPerMinute }: CxoneSettings): number => Math.floor(requestsPerMinute * 0.75);

/** Requests a minute that polling takes: agents' states and contacts, one page each. */
export const pollsPerMinute = ({ pollIntervalMs }: CxoneSettings): number => Math.ceil((2 * 60_000) / pollIntervalMs);

/** Readings never get less than this of the budget, a minute. */
const LEAST_FOR_READINGS = 6;

/** How much less often is polled while the first reading goes on: nobody can be handed out before it has ended. */
export const SLOWER_AT_FIRST = 2;

/** Requests a minute that readings may take, so that polls need not wait for them. */
export function readingShares(settings: CxoneSettings): ReadingShares {
  const left = (polls: number): number => Math.max(syncShare(settings) - polls, LEAST_FOR_READINGS);
  const polls = pollsPerMinute(settings);
  return { first: left(Math.ceil(polls / SLOWER_AT_FIRST)), reading: left(polls) };
}
