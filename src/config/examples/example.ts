import { BUS_PARTS } from './bus-parts.ts';
import { REDIS_PARTS } from './redis-parts.ts';

export type RedisName = keyof typeof REDIS_PARTS;
export type BusName = keyof typeof BUS_PARTS;

/** What an example is put together from. */
export interface Estate {
  redis: RedisName;
  bus: BusName;
}

/** Estates that are usual. */
export const ESTATES = {
  small: { redis: 'self-run', bus: 'redis-streams' },
  'self-run': { redis: 'self-run', bus: 'kafka' },
  aws: { redis: 'elasticache', bus: 'msk' },
  azure: { redis: 'azure-managed-redis', bus: 'event-hubs' },
  confluent: { redis: 'self-run', bus: 'confluent' },
  redpanda: { redis: 'self-run', bus: 'redpanda' },
} satisfies Record<string, Estate>;

const REGION = `# The region that this file describes, to every instance that serves it. A file of another region differs in \`region\`,
# \`redis\`, \`auth.regionKey\` and perhaps in the way to the bus; the rest is the same everywhere.
region: eu-west-1

listen:
  # All addresses: other regions and callers come through a proxy that terminates TLS. \`auth\` lets nobody else in.
  host: 0.0.0.0
  port: 7400
`;

const REST = `# Every region, in every region's file: where the others reach it, and the public key by which they know it.
#   openssl genpkey -algorithm ed25519 -out eu-west-1.pem
#   openssl pkey -in eu-west-1.pem -pubout -out eu-west-1.pub.pem
regions:
  eu-west-1:
    url: https://muster.eu-west-1.example.com
    keys: ["\${file:eu-west-1.pub.pem}"]
  us-east-1:
    url: https://muster.us-east-1.example.com
    keys: ["\${file:us-east-1.pub.pem}"]

auth:
  # Whose tokens callers may show.
  issuers:
    callers:
      issuer: https://login.example.com/
      audience: muster
      jwksUrl: https://login.example.com/.well-known/jwks.json
  # The private key of this region.
  regionKey: \${file:eu-west-1.pem}

claims:
  # Signs the ids of claims; the same in all regions. openssl rand -base64 32 > claims.key
  keys: ["\${file:claims.key}"]
  # A claim that no replica holds is refused: with \`authority: refuse\` below, no failover gives an agent to two callers.
  replication: refuse

# Where agents come from. The name of a connection is the first part of its agents' and queues' ids.
connections:
  genesys-emea:
    platform: genesys
    # The region that reads the organisation, and decides about its agents.
    home: eu-west-1
    loginUrl: https://login.mypurecloud.ie
    apiUrl: https://api.mypurecloud.ie
    clientId: \${GENESYS_CLIENT_ID}
    clientSecret: \${GENESYS_CLIENT_SECRET}
    # While the home cannot be reached its agents are passed over. \`verify\` asks the platform instead, at the price of an agent
    # being claimed twice now and then.
    authority: refuse
  # Any system that sends events.
  crm:
    platform: events
    home: us-east-1

# Queues that unite several; a queue of a platform needs no entry.
queues:
  support:
    unites: ["genesys-emea:3f0c1b9a-8d0e-4c7b-9a51-0d8b2f6f7a10", "crm:support"]
    wrapUp: { rule: timed, seconds: 20 }
`;

/** A whole configuration file for an estate, with comments that say why. */
export function renderExample({ redis, bus }: Estate): string {
  const [redisPart, busPart] = [REDIS_PARTS[redis], BUS_PARTS[bus]];
  const sections = [
    REGION,
    `# ${redisPart.title}. No other region uses it.\n${redisPart.yaml}`,
    `# ${busPart.title}.\n${busPart.yaml}`,
    REST,
  ];
  const body = sections.join('\n');
  const { variables, files } = referencesIn(body);
  const head = [
    `# Muster on ${redisPart.title}; ${busPart.title}.`,
    `# As printed by \`muster config example --redis ${redis} --bus ${bus}\`. \`muster config check FILE\` checks it,`,
    '# `muster config explain KEY` says what a key means. Names, addresses and ids are examples: put your own in their place.',
    '#',
    '# Taken from the environment:',
    ...variables.map((name) => `#   ${name}`),
    '# Taken from files beside this one:',
    ...files.map((name) => `#   ${name}`),
  ];
  return `${head.join('\n')}\n\n${body}`;
}

interface Needed {
  variables: string[];
  files: string[];
}

/** What an example takes from elsewhere: each once, in order. */
export function referencesIn(text: string): Needed {
  const found = [...new Set([...text.matchAll(/\$\{([^}]+)\}/g)].map(([, name = '']) => name))];
  const files = found.filter((name) => name.startsWith('file:')).map((name) => name.slice('file:'.length));
  return { variables: found.filter((name) => !name.startsWith('file:')), files };
}

/** Everything that there is an example of, as a page for a terminal. */
export function listExamples(): string {
  const estates = Object.entries(ESTATES).map(([name, { redis, bus }]): Row => [name, `--redis ${redis} --bus ${bus}`]);
  const titles = (parts: Record<string, { title: string }>): Row[] =>
    Object.entries(parts).map(([name, { title }]) => [name, title]);
  return [
    table('muster config example NAME', estates),
    table('--redis NAME', titles(REDIS_PARTS)),
    table('--bus NAME', titles(BUS_PARTS)),
  ].join('\n\n');
}

type Row = [name: string, meaning: string];

const table = (title: string, rows: Row[]): string =>
  [title, ...rows.map(([name, meaning]) => `  ${name.padEnd(20)} ${meaning}`)].join('\n');
