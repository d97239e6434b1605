import { Type } from 'typebox';
import { ClaimAnswer, ClaimBody, ClaimPath, ReleaseBody, SettleBody } from '../../contract/claims.ts';
import { AFTER_WRITES, type Body, IN_BODY, KEYED, type Operation, REPLAYED } from './operation.ts';

const TOKEN = ['muster-consistency', ...REPLAYED] as const;
const KEY = ['idempotency-key'] as const;
const PROBLEMS = [
  ...IN_BODY,
  'unknown_claim',
  'fence_superseded',
  'not_replicated',
  'not_home',
  'home_disputed',
  'home_unreachable',
  'outcome_unknown',
  ...KEYED,
] as const;
const AGAIN = 'settling twice is harmless.';
const settled = { 200: { description: 'The claim as it is now.', schema: ClaimAnswer, headers: TOKEN } } as const;
/** Nothing at all, an empty object, or fields. */
const bodyOf = <S extends typeof SettleBody | typeof ReleaseBody>(schema: S) =>
  ({ schema: Type.Union([Type.Null(), schema]), isOptional: true }) as const satisfies Body;

export const claimOperations = {
  createClaim: {
    method: 'POST',
    path: '/v1/claims',
    tag: 'Claims',
    access: 'route:agent',
    summary: 'Claim the best agent of a queue for a call',
    description:
      "The agent is held for this call alone, in every region, until the claim is settled or lapses. The agent's home " +
      'decides, wherever it is asked for.',
    repeatable: 'the same call with the same wish is answered with the same claim while it lives.',
    headers: KEY,
    body: { schema: ClaimBody },
    answers: {
      201: { description: 'An agent has been claimed.', schema: ClaimAnswer, headers: TOKEN },
      200: { description: 'The call has this claim already.', schema: ClaimAnswer, headers: TOKEN },
    },
    problems: [
      ...IN_BODY,
      'unknown_queue',
      'no_agent_available',
      'call_has_claim',
      'not_assigned',
      'platform_unavailable',
      'not_replicated',
      'not_home',
      'home_disputed',
      ...KEYED,
    ],
  },
  getClaim: {
    method: 'GET',
    path: '/v1/claims/{id}',
    tag: 'Claims',
    access: 'read:agent',
    summary: 'Look at a claim, as this region knows it',
    repeatable: 'it changes nothing.',
    params: ClaimPath,
    headers: ['muster-consistency'],
    answers: { 200: { description: 'The claim.', schema: ClaimAnswer, headers: ['muster-answered-by'] } },
    problems: [...AFTER_WRITES, 'unknown_claim'],
  },
  confirmClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/confirm',
    tag: 'Claims',
    access: 'route:agent',
    summary: 'Say that the platform has taken the call to the agent',
    description: 'A confirmed claim holds its agent for as long as an interaction may last.',
    repeatable: AGAIN,
    params: ClaimPath,
    headers: KEY,
    body: bodyOf(SettleBody),
    answers: settled,
    problems: [...PROBLEMS, 'claim_ended'],
  },
  renewClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/renew',
    tag: 'Claims',
    access: 'route:agent',
    summary: 'Hold the agent for longer',
    repeatable: AGAIN,
    params: ClaimPath,
    headers: KEY,
    body: bodyOf(SettleBody),
    answers: settled,
    problems: [...PROBLEMS, 'claim_ended'],
  },
  releaseClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/release',
    tag: 'Claims',
    access: 'route:agent',
    summary: 'Give the agent back, who keeps the place in line',
    repeatable: AGAIN,
    params: ClaimPath,
    headers: KEY,
    body: bodyOf(ReleaseBody),
    answers: settled,
    problems: PROBLEMS,
  },
  completeClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/complete',
    tag: 'Claims',
    access: 'route:agent',
    summary: 'Say that the interaction is over',
    description: 'The agent goes to the end of the line, after the wrap-up that the queue has.',
    repeatable: AGAIN,
    params: ClaimPath,
    headers: KEY,
    body: bodyOf(SettleBody),
    answers: settled,
    problems: PROBLEMS,
  },
} as const satisfies Record<string, Operation>;
