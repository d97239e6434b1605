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
      description: 'Address to listen on. Protect any address other than loopback with TLS and a firewall.',
    }),
    port: Type.Integer({ default: 7400, minimum: 1, maximum: 65_535, description: 'TCP port of the HTTP API.' }),
  },
  { ...closed, default: {}, description: 'Address of this instance for callers and other regions.' },
);

const Redis = Type.Object(
  {
    nodes: Type.Array(Type.String({ pattern: '^(\\[[0-9A-Fa-f:]+\\]|[^\\s:/@]+):[0-9]{1,5}$', title: '`host:port`' }), {
      minItems: 1,
      maxItems: 100,
      description: '`host:port` of some nodes; the others are discovered.',
    }),
    username: Type.Optional(Type.String({ minLength: 1, description: 'ACL user, if the cluster requires one.' })),
    password: Type.Optional(Type.String({ minLength: 1, description: 'Password of the ACL user.', writeOnly: true })),
    tls: Type.Optional(
      Tls('TLS to the nodes.', {
        serverName: Type.Optional(
          Type.String({
            minLength: 1,
            title: 'a host name',
            description:
              'Name that the certificates of all nodes have, if nodes announce themselves by address, as on Azure. Default: the name or address of each node.',
          }),
        ),
      }),
    ),
    replicas: Type.Integer({
      default: 1,
      minimum: 0,
      maximum: 5,
      description: 'Replicas that each master should have; 0: none, so a lost master loses its data.',
    }),
  },
  { ...closed, description: "The region's own Redis Cluster, which no other region uses." },
);

const Region = Type.Object(
  {
    url: Type.String({
      pattern: '^https?://[^\\s/]+$',
      title: 'a URL without a path, such as http://127.0.0.1:7401',
      description: 'URL of the region’s API for other regions.',
    }),
    keys: RegionKeys,
  },
  { ...closed, description: 'One region.' },
);

const Domain = Type.Object({}, { ...closed, description: 'One domain. It has no settings of its own.' });

const shared = {
  home: Name('The region that reads the connection and grants claims on its agents.'),
  domain: Name('The domain of its agents and queues.', { default: MAIN }),
};

const claimsBy = Type.Enum(['call', 'agent'], {
  default: 'call',
  description:
    'How interactions are matched with claims. `call`: by call id. `agent`, for callers whose call ids differ from the platform’s: the agent’s next interaction of the media type.',
});

const authority = Type.Enum(['verify', 'refuse'], {
  default: 'verify',
  description:
    'Agents whose home cannot be reached. `verify`: ask the platform and grant on the home’s behalf. `refuse`: pass them over, so that no agent is ever double-booked.',
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
    surplusSeconds: Weight('Bonus in seconds for 100 levels above those requested, summed over the skills.'),
  },
  {
    ...closed,
    default: {},
    description:
      'Ranking factors in addition to waiting time, each in seconds of waiting. All 0: the agent who waits longest comes first.',
  },
);

const Claims = Type.Object(
  {
    keys: Type.Optional(
      Type.Array(Type.String({ minLength: 32, title: 'a secret of 32 characters or more', writeOnly: true }), {
        minItems: 1,
        maxItems: 10,
        description: `Secrets of 32 characters or more for signing claim ids, e.g. \`\${file:claims.key}\`; the same in all regions. The first one signs, all are accepted: [how to change them](security.md#changing-keys). Required with \`auth\`.`,
        writeOnly: true,
      }),
    ),
    heldMs: Milliseconds(10_000, 1000, 600_000, 'Time in which a claim must be confirmed.'),
    confirmedMs: Milliseconds(
      14_400_000,
      60_000,
      86_400_000,
      'How long a confirmed claim holds its agent without renewal; 60 s at most if the platform reports calls.',
    ),
    budgetMs: Milliseconds(200, 10, 10_000, 'Default of `budget_ms`, the time to find an agent.'),
    replication: Type.Enum(['grant', 'refuse'], {
      default: 'grant',
      description: 'A claim that no replica acknowledged: `grant` it with `replicated: false`, or `refuse` it.',
    }),
  },
  { ...closed, default: {}, description: 'Durations and durability of claims.' },
);

const Freshness = Type.Object(
  {
    heartbeatMs: Milliseconds(1000, 100, 10_000, 'Interval of this region’s heartbeats on every partition.'),
    suspectMs: Milliseconds(
      10_000,
      500,
      600_000,
      'Silence after which a region’s agents are suspect: they come after all others.',
    ),
    staleMs: Milliseconds(
      30_000,
      1000,
      3_600_000,
      'Silence after which they are stale: not handed out without verification.',
    ),
    confirmedMs: Milliseconds(
      5000,
      0,
      60_000,
      'How long an agent counts as platform-verified after the platform has confirmed their state.',
    ),
  },
  { ...closed, default: {}, description: 'Age limits for data of other regions.' },
);

const Reconcile = Type.Object(
  {
    intervalMs: Milliseconds(
      60_000,
      1000,
      3_600_000,
      'Time from the start of one full read of a platform to the start of the next. One that takes more than half of it is followed by a pause as long as itself, up to this interval.',
    ),
  },
  { ...closed, default: {}, description: 'Reconciliation of the store with the platforms.' },
);

const Limits = Type.Object(
  {
    requestsPerSecond: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description:
          'Requests per second of one client to one instance; beyond it the answer is 429, except for settlements of granted claims. Default: no limit.',
      }),
    ),
    retriesPerMinute: Type.Integer({
      default: 1500,
      minimum: 60,
      maximum: 60_000,
      description:
        'Total rate at which calls waiting for an agent in this region ask again, spread by [`retry_after_ms`](api.md#when-to-ask-again). Genesys Cloud allows an organisation 2,500 data actions per minute; the default uses 60 % of it. If flows of one organisation call several regions, divide it among them.',
    }),
  },
  { ...closed, default: {}, description: 'Limits that keep clients from crowding out each other.' },
);

const Log = Type.Object(
  {
    level: Type.Enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
      default: 'info',
      description: 'Lowest level that is written.',
    }),
  },
  { ...closed, default: {}, description: 'Logging, as JSON lines on standard error.' },
);

/**
 * Schema of a configuration file. Validation, defaults and docs/configuration.md are derived from it. `title` describes the
 * expected value, to follow "expected" in a message.
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
