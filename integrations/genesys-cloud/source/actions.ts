/**
 * Requests and outputs of the data actions for Genesys Cloud. `npm run docs` renders the files to import and the Terraform form
 * from it, and its tests fail if they are outdated.
 */
export interface Action {
  /** Name of the file, without `.json`, and of the resource in Terraform, with `_` for `-`. */
  file: string;
  name: string;
  path: '/v1/route' | '/v1/route/settle';
  inputs: Input[];
  /** Fields of the request that flows cannot set. */
  fixed: Record<string, string | number>;
  /** The first one is the success; it has no default, so that an answer that is not Muster's fails. */
  outputs: Output[];
}

/** Always text: an unset input is sent as an empty text, which counts as absent. */
export interface Input {
  name: string;
  /** Whether the platform requires the input. */
  required: boolean;
  description: string;
}

export interface Output {
  name: string;
  type: 'string' | 'integer' | 'boolean';
  description: string;
}

/** The host in the files, to be replaced on import. */
export const EXAMPLE_URL = 'https://muster.example.com';

/** Time to find an agent, in ms; `/v1/route` allows 2000 at most. */
const BUDGET_MS = 1500;

/** How long the platform waits for an action, in s (1 to 60): Muster's time plus network time. */
export const TIMEOUT_S = 5;

const claimInputs: Input[] = [
  { name: 'queue', required: true, description: 'The queue in Muster: a virtual queue, or connection:queue id.' },
  {
    name: 'call_id',
    required: true,
    description: 'Call.ConversationId, and nothing else: Muster follows the conversation by it.',
  },
  { name: 'skills', required: false, description: 'Skills with levels, billing:60,refunds; empty for none.' },
  { name: 'language', required: false, description: 'A skill by its name alone; empty for none.' },
  { name: 'media', required: false, description: 'voice, callback, chat, message, email, ...; empty for voice.' },
];

const claimOutputs: Output[] = [
  { name: 'found', type: 'boolean', description: 'Whether an agent has been claimed for the call.' },
  { name: 'agent_id', type: 'string', description: 'The agent in Muster.' },
  {
    name: 'connection',
    type: 'string',
    description: "The account that the agent belongs to, as named in Muster's config.",
  },
  { name: 'user_id', type: 'string', description: "The agent's user id on that platform." },
  { name: 'claim_id', type: 'string', description: 'The claim, for the other actions.' },
  { name: 'expires_in_ms', type: 'integer', description: 'How long the agent is held, in ms.' },
  { name: 'replicated', type: 'boolean', description: 'Whether a replica of the store holds the claim.' },
  { name: 'queue', type: 'string', description: 'The requested queue.' },
  { name: 'age_ms', type: 'integer', description: 'How old the oldest data are that the answer rests on, in ms.' },
  {
    name: 'authority',
    type: 'string',
    description:
      'Source of the grant: home, verified, or copy if the home of an existing claim could not be asked; empty if no agent was found.',
  },
  {
    name: 'verified',
    type: 'boolean',
    description: "Granted on behalf of the agent's home, verified by the platform.",
  },
  { name: 'reason', type: 'string', description: 'Why no agent was found.' },
  { name: 'detail', type: 'string', description: 'The same, for people.' },
  { name: 'retry_after_ms', type: 'integer', description: 'When to ask again, in ms: never sooner.' },
];

const delivered: Output = {
  name: 'delivered',
  type: 'string',
  description:
    'accepted: the platform has accepted the assignment. unknown: it did not answer in time; do not transfer, ask again. by_caller: Muster cannot assign calls on the platform of the agent; send the call there. Empty if no agent was found.',
};

const settleInputs: Input[] = [
  { name: 'call_id', required: true, description: 'Call.ConversationId: used if claim_id is empty.' },
  { name: 'claim_id', required: false, description: 'From the claim; empty if only the call is known.' },
];

const settleOutputs: Output[] = [
  { name: 'done', type: 'boolean', description: 'Whether the settlement was done.' },
  { name: 'state', type: 'string', description: 'HELD, CONFIRMED, WRAP_UP or ENDED.' },
  { name: 'claim_id', type: 'string', description: 'The claim.' },
  { name: 'expires_in_ms', type: 'integer', description: 'How long the agent is still held, in ms.' },
  { name: 'reason', type: 'string', description: 'Why it was not done.' },
  { name: 'detail', type: 'string', description: 'The same, for people.' },
];

const settlement: Input = {
  name: 'settlement',
  required: true,
  description: 'release, or refused if the platform did not deliver the call to the agent.',
};

const claim = { path: '/v1/route', inputs: claimInputs } as const;
const settle = { path: '/v1/route/settle', inputs: settleInputs, outputs: settleOutputs } as const;

export const ACTIONS: Action[] = [
  { file: 'claim', name: 'Muster claim', ...claim, fixed: { budget_ms: BUDGET_MS }, outputs: claimOutputs },
  {
    file: 'claim-and-assign',
    name: 'Muster claim and assign',
    ...claim,
    fixed: { deliver: 'assign', budget_ms: BUDGET_MS },
    outputs: [...claimOutputs, delivered],
  },
  { file: 'confirm', name: 'Muster confirm', ...settle, fixed: { settlement: 'confirm' } },
  { file: 'release', name: 'Muster release', ...settle, inputs: [settlement, ...settleInputs], fixed: {} },
  { file: 'complete', name: 'Muster complete', ...settle, fixed: { settlement: 'complete' } },
];

/**
 * The custom auth action, which the platform creates for credentials of the type User Defined (OAuth): its request to the
 * customer's issuer for a token by client credentials (RFC 6749, section 4.4).
 */
export const AUTH_ACTION = {
  requestUrlTemplate: `\${credentials.loginUrl}`,
  requestType: 'POST',
  headers: {
    Authorization: `Basic $encoding.base64("\${credentials.clientId}:\${credentials.clientSecret}")`,
    'Content-Type': 'application/x-www-form-urlencoded',
    Accept: 'application/json',
  },
  /** Depends on the issuer: some require an audience or a resource, or another name for the scope. */
  requestTemplate: 'grant_type=client_credentials&scope=route:agent',
  successTemplate: `\${rawResult}`,
};
