import type { Json } from './components.ts';
import type { Example } from './example.ts';
import { OPERATORS_STORY } from './operators-story.ts';

const SINCE_MS = Date.UTC(2025, 0, 6, 8);
const agentId = (name: string): string => `crm-eu-west-1:${name}`;
/** The proof in the claim ids of examples. Real proofs differ in every run. */
export const SHOWN_PROOF = 'GXrgqQd0oI2fJ5Fq3hUxYw';
const claimId = (name: string): string => `${agentId(name)}~1:voice:home:eu-west-1:${SHOWN_PROOF}`;
const SUPPORT = 'crm-eu-west-1:support';

const onDuty = (name: string, minutes: number, skills: Record<string, number>): Json => ({
  event_id: `duty-${name}`,
  timestamp: SINCE_MS + minutes * 60_000,
  agent_id: agentId(name),
  profile: { name: `${name[0]?.toUpperCase()}${name.slice(1)}`, queues: [SUPPORT], skills },
  presence: { state: 'ON_DUTY' },
  activity: { state: 'IDLE' },
});

/**
 * The examples of the document: one morning in a region. A test runs them in this order; each builds on the ones before.
 */
export const STORY: readonly Example[] = [
  {
    operation: 'sendEvents',
    name: 'on-duty',
    summary: 'Three agents come on duty, in the full form',
    body: [onDuty('ana', 0, { billing: 80 }), onDuty('bruno', 5, { billing: 30 }), onDuty('dana', 10, { spanish: 90 })],
    status: 202,
  },
  {
    operation: 'sendEvents',
    name: 'on-a-break',
    summary: 'An agent takes a break, in the plain form',
    body: {
      event_id: 'break-carla',
      timestamp: SINCE_MS / 1000,
      agent_id: agentId('carla'),
      status: 'BUSY',
      reason: 'BREAK',
    },
    status: 202,
  },
  {
    operation: 'sendEvents',
    name: 'no-event',
    summary: 'An invalid event',
    body: { event_id: 'odd-1', timestamp: SINCE_MS, agent_id: agentId('ana'), status: 'GONE' },
    status: 400,
  },
  {
    operation: 'getAgent',
    name: 'one-agent',
    summary: 'An agent that waits for calls',
    params: { id: agentId('ana') },
    status: 200,
  },
  {
    operation: 'getAgent',
    name: 'nobody-known',
    summary: 'An unknown agent',
    params: { id: agentId('zoe') },
    status: 404,
  },
  {
    operation: 'listAgents',
    name: 'a-page',
    summary: 'Available agents with the skill billing, one per page',
    query: { status: 'AVAILABLE', queue: 'support', skill: 'billing:50', home: 'eu-west-1', stale: false, limit: 1 },
    status: 200,
  },
  {
    operation: 'getQueue',
    name: 'a-queue',
    summary: 'A queue with three available agents',
    params: { id: 'support' },
    query: { media: 'voice' },
    status: 200,
  },
  {
    operation: 'findAgents',
    name: 'the-best-two',
    summary: 'The best two agents for billing, explained',
    query: { queue: 'support', skills: 'billing', limit: 2, explain: true },
    status: 200,
  },
  {
    operation: 'findAgents',
    name: 'no-older-words',
    summary: 'The best agent, by words that are a second old at most',
    query: { queue: 'support', max_age_ms: 1000 },
    status: 200,
  },
  {
    operation: 'createClaim',
    name: 'a-claim',
    summary: 'An agent with billing at 60 or more',
    body: { queue: 'support', call_id: 'call-1', skills: { billing: 60 }, budget_ms: 500 },
    status: 201,
  },
  {
    operation: 'createClaim',
    name: 'the-same-call',
    summary: 'The same call again, because its answer was lost',
    body: { queue: 'support', call_id: 'call-1', skills: { billing: 60 }, budget_ms: 500 },
    status: 200,
  },
  {
    operation: 'createClaim',
    name: 'nobody-free',
    summary: 'No suitable agent is available',
    body: { queue: 'support', call_id: 'call-2', skills: { billing: 60 } },
    status: 409,
  },
  {
    operation: 'createClaim',
    name: 'a-field-too-many',
    summary: 'An unknown field',
    body: { queue: 'support', call_id: 'call-2', priority: 1 },
    status: 400,
  },
  {
    operation: 'getClaim',
    name: 'a-held-claim',
    summary: 'A claim that holds its agent',
    params: { id: claimId('ana') },
    status: 200,
  },
  {
    operation: 'confirmClaim',
    name: 'transferred',
    summary: 'The call is connected',
    params: { id: claimId('ana') },
    body: {},
    status: 200,
  },
  {
    operation: 'renewClaim',
    name: 'a-long-call',
    summary: 'The call takes longer',
    params: { id: claimId('ana') },
    body: { budget_ms: 1000 },
    status: 200,
  },
  {
    operation: 'completeClaim',
    name: 'hung-up',
    summary: 'The call is over',
    params: { id: claimId('ana') },
    body: {},
    status: 200,
  },
  {
    operation: 'confirmClaim',
    name: 'too-late',
    summary: 'A claim that has ended',
    params: { id: claimId('ana') },
    body: {},
    status: 409,
  },
  {
    operation: 'findAgents',
    name: 'claimed-by-get',
    summary: 'A claim, for platforms that can only GET',
    query: { queue: 'support', skills: 'spanish:60', call_id: 'call-3' },
    status: 200,
  },
  {
    operation: 'releaseClaim',
    name: 'not-reached',
    summary: 'The platform refused to send the call to the agent',
    params: { id: claimId('dana') },
    body: { refused: true },
    status: 200,
  },
  {
    operation: 'routeCall',
    name: 'a-script-routes',
    summary: 'A flow that posts JSON finds an agent',
    body: { queue: 'support', call_id: 'call-4', skills: 'billing:10', media: 'voice' },
    status: 200,
  },
  {
    operation: 'settleCall',
    name: 'a-script-confirms',
    summary: 'The flow has connected the call to the agent',
    body: { settlement: 'confirm', claim_id: claimId('bruno') },
    status: 200,
  },
  {
    operation: 'routeCallByQuery',
    name: 'nobody-for-a-script',
    summary: 'No agent speaks the language: an answer, not a problem',
    query: { queue: 'support', call_id: '5', language: 'latin' },
    status: 200,
  },
  {
    operation: 'settleCallByQuery',
    name: 'a-script-completes',
    summary: 'A script without the claim id settles by the call id',
    query: { settlement: 'complete', call_id: 'call-4', queue: 'support' },
    status: 200,
  },
  {
    operation: 'getStream',
    name: 'no-such-event',
    summary: 'An invalid id',
    headers: { 'last-event-id': '17' },
    status: 400,
  },
  {
    operation: 'pushEvents',
    name: 'a-script-pushes',
    summary: 'A script on CXone reports that an agent is being assigned to a contact',
    params: { connection: 'cxone-emea' },
    headers: { authorization: 'Bearer the-secret-of-cxone-emea' },
    body: {
      event: 'OnAssign',
      contactId: '220033988201',
      agentId: '1001',
      at: '2025-01-06T08:20:00Z',
      mediaTypeId: '4',
    },
    status: 202,
  },
  {
    operation: 'pushEvents',
    name: 'no-pushes',
    summary: 'A connection without pushes',
    params: { connection: 'crm-eu-west-1' },
    body: { event: 'OnAssign' },
    status: 404,
  },
  {
    operation: 'forgetAgent',
    name: 'has-left',
    summary: 'An agent who left the company',
    params: { id: agentId('carla') },
    status: 202,
  },
  {
    operation: 'forgetAgent',
    name: 'not-here',
    summary: 'An agent whose home is another region',
    params: { id: 'crm-us-east-1:eve' },
    status: 421,
  },
  ...OPERATORS_STORY,
];
