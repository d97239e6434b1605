import { type Static, Type } from 'typebox';
import { CxoneSettings } from '../platforms/cxone/settings.ts';
import { GenesysSettings } from '../platforms/genesys/settings.ts';
import { PushSettings } from '../platforms/push-settings.ts';
import { Agents } from './agents.ts';
import { Audit, Auth, RegionKeys } from './auth.ts';
import { Bus } from './bus.ts';
import { closed, MAIN, Milliseconds, Name, named } from './fields.ts';
import { Queue } from './queue.ts';
import { Tls } from './tls.ts';

const Weight = (description: string) => Type.Number({ default: 0, minimum: 0, maximum: 86_400, description });

const Listen = Type.Object(
  {
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description:
        'Address to listen on. Anything but loopback is reachable by others: put TLS and a firewall before it.',
    }),
    port: Type.Integer({ default: 7400, minimum: 1, maximum: 65_535, description: 'TCP port of the HTTP API.' }),
  },
  { ...closed, default: {}, description: 'Where callers and other regions reach this instance.' },
);

const Redis = Type.Object(
  {
    nodes: Type.Array(Type.String({ pattern: '^(\\[[0-9A-Fa-f:]+\\]|[^\\s:/@]+):[0-9]{1,5}$', title: '`host:port`' }), {
      minItems: 1,
      maxItems: 100,
      description: '`host:port` of some nodes; the rest of the cluster is found from them.',
    }),
    username: Type.Optional(Type.String({ minLength: 1, description: 'ACL user, where the cluster asks for one.' })),
    password: Type.Optional(Type.String({ minLength: 1, description: 'Its password.', writeOnly: true })),
    tls: Type.Optional(
      Tls('TLS to the nodes.', {
        serverName: Type.Optional(
          Type.String({
            minLength: 1,
            title: 'a host name',
            description:
              'The name that all nodes’ certificates must have, where nodes announce themselves by address, as those of Azure do; default: the name or address of each.',
          }),
        ),
      }),
    ),
    replicas: Type.Integer({
      default: 1,
      minimum: 0,
      maximum: 5,
      description: 'How many replicas each master is meant to have; 0: none, so that a lost master loses what it held.',
    }),
  },
  { ...closed, description: "The region's own Redis Cluster, which no other region uses." },
);

const Region = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^\\s/]+$',
      title: 'a URL without a path, such as http://127.0.0.1:7401',
      description: 'Where the other regions reach its API.',
    }),
    keys: RegionKeys,
  },
  { ...closed, description: 'One region.' },
);

const Domain = Type.Object({}, { ...closed, description: 'One domain. It has no settings of its own.' });

const shared = {
  home: Name('The region that ingests the connection, and grants its agents.'),
  domain: Name('The domain of its agents and queues.', { default: MAIN }),
};

const claimsBy = Type.Enum(['call', 'agent'], {
  default: 'call',
  description:
    'How an interaction is known for a claim’s: by the `call` id, or, where callers name calls otherwise than the platform does, as the next of the `agent` of its medium.',
});

const authority = Type.Enum(['verify', 'refuse'], {
  default: 'verify',
  description:
    'Agents whose home cannot be reached: `verify` asks the platform and grants in the home’s stead, `refuse` passes them over, so that nobody is ever booked twice.',
});

const Connection = Type.Union(
  [
    Type.Object(
      {
        platform: Type.Literal('genesys', { description: 'Agents come from a Genesys Cloud organisation.' }),
        ...shared,
        claimsBy,
        authority,
        ...GenesysSettings.properties,
        ...PushSettings,
      },
      closed,
    ),
    Type.Object(
      {
        platform: Type.Literal('cxone', { description: 'Agents come from a NICE CXone business unit.' }),
        ...shared,
        claimsBy,
        authority,
        ...CxoneSettings.properties,
        ...PushSettings,
      },
      closed,
    ),
    Type.Object(
      {
        platform: Type.Literal('events', { description: 'Agents arrive by `POST /v1/events` only.' }),
        ...shared,
      },
      closed,
    ),
  ],
  { description: 'One account on one platform. Its name is the prefix of its agents’ and queues’ ids.' },
);

const Ranking = Type.Object(
  {
    tenureSecondsPerYear: Weight('Bonus in seconds for each full year of tenure.'),
    proficiencySeconds: Weight('Bonus in seconds for a mean skill level of 100; scaled down linearly.'),
    fairnessSecondsPerMinute: Weight('Penalty in seconds for each minute that the last interaction lasted.'),
    surplusSeconds: Weight('Bonus in seconds for 100 levels above what a request requires, summed over its skills.'),
  },
  {
    ...closed,
    default: {},
    description: 'What counts besides waiting, each in seconds of waiting. All 0: who waits longest is first.',
  },
);

const Claims = Type.Object(
  {
    keys: Type.Optional(
      Type.Array(Type.String({ minLength: 32, title: 'a secret of 32 characters or more', writeOnly: true }), {
        minItems: 1,
        maxItems: 10,
        description: `Secrets of 32 characters or more that ids of claims are signed with, e.g. \`\${file:claims.key}\`; the same in all regions. The first signs, all are known: [how to change them](security.md#changing-keys). Needed where there is \`auth\`.`,
        writeOnly: true,
      }),
    ),
    heldMs: Milliseconds(10_000, 1000, 600_000, 'How long a claim is held before it must be confirmed.'),
    confirmedMs: Milliseconds(
      14_400_000,
      60_000,
      86_400_000,
      'How long a confirmed claim holds its agent without a renewal; 60 s at most where the platform reports calls.',
    ),
    budgetMs: Milliseconds(200, 10, 10_000, 'Time to find an agent, for requests that name none.'),
    replication: Type.Enum(['grant', 'refuse'], {
      default: 'grant',
      description: 'A claim that no replica acknowledged: `grant` it and say so, or `refuse` it.',
    }),
  },
  { ...closed, default: {}, description: 'The life of a claim.' },
);

const Freshness = Type.Object(
  {
    heartbeatMs: Milliseconds(1000, 100, 10_000, 'How often this region says on every partition that it is there.'),
    suspectMs: Milliseconds(
      10_000,
      500,
      600_000,
      'Silence after which a region’s agents come behind everybody else’s.',
    ),
    staleMs: Milliseconds(30_000, 1000, 3_600_000, 'Silence after which they are not handed out on trust.'),
    confirmedMs: Milliseconds(
      5000,
      0,
      60_000,
      'How long a platform’s own word on an agent stands in for a home that is quiet.',
    ),
  },
  { ...closed, default: {}, description: 'When what another region said is too old to act on.' },
);

const Reconcile = Type.Object(
  {
    intervalMs: Milliseconds(
      60_000,
      1000,
      3_600_000,
      'Time from the start of one reading of a platform to that of the next; one that takes more than half of it is followed by a rest as long as itself, or as this.',
    ),
  },
  { ...closed, default: {}, description: 'How often what the store holds is compared with what the platforms say.' },
);

const Limits = Type.Object(
  {
    requestsPerSecond: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description:
          'Requests that one client may make of one instance within a second; more are answered 429, but for settlements of claims that were granted. Not set: any number.',
      }),
    ),
    retriesPerMinute: Type.Integer({
      default: 1500,
      minimum: 60,
      maximum: 60_000,
      description:
        'How often all calls that wait for an agent in this region are to ask again, together, by [`retry_after_ms`](api.md#when-to-ask-again). Genesys Cloud runs 2,500 data actions a minute for an organisation: 60 % are for those who wait. Where the flows of one organisation ask several regions, these share it.',
    }),
  },
  { ...closed, default: {}, description: 'What keeps some from taking the place of the others.' },
);

const Log = Type.Object(
  {
    level: Type.Enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
      default: 'info',
      description: 'The least important line that is still written.',
    }),
  },
  { ...closed, default: {}, description: 'Logging, as JSON lines on standard error.' },
);

/**
 * The one description of a configuration file. Validation, defaults and docs/configuration.md all come from it.
 * `title` says what a value must look like, in words that fit behind "expected".
 */
export const ConfigSchema = Type.Object(
  {
    region: Name('The name of the region that this instance serves; one of `regions`.'),
    listen: Listen,
    redis: Redis,
    bus: Bus,
    regions: named(Region, 'All regions by name, this one included.', { minProperties: 1 }),
    domains: named(Domain, 'The domains by name: pools of agents and queues routed together.', {
      default: { [MAIN]: {} },
      minProperties: 1,
    }),
    connections: named(Connection, 'The connections by name.', { default: {} }),
    agents: Agents,
    queues: named(Queue, 'The virtual queues by name; a platform queue needs no entry.', { default: {} }),
    ranking: Ranking,
    claims: Claims,
    freshness: Freshness,
    reconcile: Reconcile,
    auth: Type.Optional(Auth),
    audit: Audit,
    limits: Limits,
    log: Log,
  },
  closed,
);

export type Config = Static<typeof ConfigSchema>;
export type ConnectionConfig = Static<typeof Connection>;
