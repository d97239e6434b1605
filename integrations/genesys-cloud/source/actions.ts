/**
 * What the data actions for Genesys Cloud ask of Muster and give to a flow: the one place that says so. The files to
 * import and the Terraform form are rendered from it by `npm run docs`, and its tests fail where they are stale.
 */
export interface Action {
  /** Of its file, without `.json`, and of its resource in Terraform, with `_` for `-`. */
  file: string;
  name: string;
  path: '/v1/route' | '/v1/route/settle';
  inputs: Input[];
  /** Fields of the request that no flow chooses. */
  fixed: Record<string, string | number>;
  /** The first says whether there was success; it has no default, so that an answer which is not Muster's fails. */
  outputs: Output[];
}

/** Always text: an input that a flow leaves unset is sent as empty text, which Muster takes as left out. */
export interface Input {
  name: string;
  /** Whether the platform refuses to run the action without it. */
  required: boolean;
  description: string;
}

export interface Output {
  name: string;
  type: 'string' | 'integer' | 'boolean';
  description: string;
}

/** The one host that the files name; whoever imports them puts their own in its place. */
export const EXAMPLE_URL = 'https://muster.example.com';

/** How long Muster may look for an agent, in ms: the most that `/v1/route` allows is 2000. */
const BUDGET_MS = 1500;

/** How long the platform waits for an action, in s; it allows 1 to 60. What Muster takes, and the way there and back. */
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
  { name: 'user_id', type: 'string', description: "The agent's id on that platform: who gets the call." },
  { name: 'claim_id', type: 'string', description: 'What to settle.' },
  { name: 'expires_in_ms', type: 'integer', description: 'How long the agent is held, in ms.' },
  { name: 'replicated', type: 'boolean', description: "Whether the claim outlives the store's master." },
  { name: 'queue', type: 'string', description: 'Where the agent was asked for.' },
  {
    name: 'authority',
    type: 'string',
    description:
      'Whose word it is: home, verified, or copy where the home of a claim that the call has could not be asked; empty where nobody was found.',
  },
  { name: 'verified', type: 'boolean', description: "Granted without the agent's home, on the platform's word." },
  { name: 'reason', type: 'string', description: 'Why nobody was found.' },
  { name: 'detail', type: 'string', description: 'The same, for people.' },
  { name: 'retry_after_ms', type: 'integer', description: 'When to ask again, in ms: never sooner.' },
];

const delivered: Output = {
  name: 'delivered',
  type: 'string',
  description:
    'accepted: the platform has taken the assignment. unknown: it did not answer in time; do not transfer, ask again. by_caller: the agent is of a platform that Muster cannot tell; send the call there. Empty where nobody was found.',
};

const settleInputs: Input[] = [
  { name: 'call_id', required: true, description: 'Call.ConversationId: what counts where claim_id is empty.' },
  { name: 'claim_id', required: false, description: 'From the claim; empty where only the call is known.' },
];

const settleOutputs: Output[] = [
  { name: 'done', type: 'boolean', description: 'Whether the claim is now as asked.' },
  { name: 'state', type: 'string', description: 'HELD, CONFIRMED, WRAP_UP or ENDED.' },
  { name: 'claim_id', type: 'string', description: 'The claim.' },
  { name: 'expires_in_ms', type: 'integer', description: 'How long the agent is still held, in ms.' },
  { name: 'reason', type: 'string', description: 'Why it was not done.' },
  { name: 'detail', type: 'string', description: 'The same, for people.' },
];

const settlement: Input = {
  name: 'settlement',
  required: true,
  description: 'release, or refused where the platform would not take the call to the agent.',
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
 * The custom auth action, which the platform makes by itself for credentials of the kind User Defined (OAuth): how it
 * asks the customer's issuer for a token by client credentials (RFC 6749, section 4.4).
 */
export const AUTH_ACTION = {
  requestUrlTemplate: `\${credentials.loginUrl}`,
  requestType: 'POST',
  headers: {
    Authorization: `Basic $encoding.base64("\${credentials.clientId}:\${credentials.clientSecret}")`,
    'Content-Type': 'application/x-www-form-urlencoded',
    Accept: 'application/json',
  },
  /** What issuers want differs: some an audience or a resource, some another name of the scope. */
  requestTemplate: 'grant_type=client_credentials&scope=route:agent',
  successTemplate: `\${rawResult}`,
};
