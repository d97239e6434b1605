import { RouteAnswer, RouteFields, RouteQuery, SettleAnswer, SettleFields } from '../../contract/route.ts';
import { type Body, FORM_TYPE, IN_BODY, JSON_TYPE, type Operation } from './operation.ts';

const TOKEN = ['muster-consistency'] as const;
const UNCACHED = ['cache-control'] as const;
const TYPES = [JSON_TYPE, FORM_TYPE] as const;
const AGAIN = 'the same call is answered with the same claim while it lives.';
const SETTLED_AGAIN = 'settling twice is harmless.';
const FORGIVING =
  'Fields may be in the query, in JSON, or in a form. What is empty counts as left out; numbers may be text, and text ' +
  'numbers. Whatever depends on the moment is a 200 that says so: a problem is what the author of the script has to put right.';

const routed = {
  200: { description: 'An agent, or why there is none.', schema: RouteAnswer, headers: TOKEN },
} as const;
const settled = {
  200: { description: 'What became of the claim.', schema: SettleAnswer, headers: TOKEN },
} as const;

export const scriptOperations = {
  routeCall: {
    method: 'POST',
    path: '/v1/route',
    tag: 'Scripts',
    access: 'route:agent',
    summary: 'Claim an agent for a call, from a script',
    description: FORGIVING,
    repeatable: AGAIN,
    always: UNCACHED,
    body: { schema: RouteFields, types: TYPES } satisfies Body,
    answers: routed,
    problems: [...IN_BODY, 'unknown_queue'],
  },
  routeCallByQuery: {
    method: 'GET',
    path: '/v1/route',
    tag: 'Scripts',
    access: 'route:agent',
    summary: 'Claim an agent for a call, from a script that can only GET',
    description: FORGIVING,
    repeatable: AGAIN,
    always: UNCACHED,
    query: RouteQuery,
    answers: routed,
    problems: ['invalid_request', 'unknown_queue'],
  },
  settleCall: {
    method: 'POST',
    path: '/v1/route/settle',
    tag: 'Scripts',
    access: 'route:agent',
    summary: 'Settle a claim, from a script',
    description: `By the claim's id, or by the call's. ${FORGIVING}`,
    repeatable: SETTLED_AGAIN,
    always: UNCACHED,
    body: { schema: SettleFields, types: TYPES } satisfies Body,
    answers: settled,
    problems: [...IN_BODY, 'unknown_queue'],
  },
  settleCallByQuery: {
    method: 'GET',
    path: '/v1/route/settle',
    tag: 'Scripts',
    access: 'route:agent',
    summary: 'Settle a claim, from a script that can only GET',
    description: `By the claim's id, or by the call's. ${FORGIVING}`,
    repeatable: SETTLED_AGAIN,
    always: UNCACHED,
    query: SettleFields,
    answers: settled,
    problems: ['invalid_request', 'unknown_queue'],
  },
} as const satisfies Record<string, Operation>;
