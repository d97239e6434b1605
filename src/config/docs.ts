import { allKeys, type Key, meaningOf } from './keys.ts';
import { expectation, isSection } from './node.ts';
import { isWithin } from './problems.ts';

/** docs/configuration.md, rendered from the schema: every key with its meaning, allowed values and default. */
export function renderConfigDocs(): string {
  const keys = allKeys();
  const sections = keys.filter(({ path }) => !path.includes('.')).map(({ path }) => renderSection(path, keys));
  return `${[INTRODUCTION, ...sections].join('\n\n')}\n`;
}

/** A minimal configuration; everything else has a default. */
export const EXAMPLE_CONFIG = `region: eu-west-1
redis: { nodes: [127.0.0.1:7001, 127.0.0.1:7002, 127.0.0.1:7003] }
bus: { url: redis://127.0.0.1:6390 }
regions:
  us-east-1: { url: http://127.0.0.1:7401 }
  eu-west-1: { url: http://127.0.0.1:7402 }
connections:
  genesys-emea:
    platform: genesys
    home: eu-west-1
    loginUrl: https://login.mypurecloud.de
    apiUrl: https://api.mypurecloud.de
    clientId: \${GENESYS_CLIENT_ID}
    clientSecret: \${GENESYS_CLIENT_SECRET}
  crm: { platform: events, home: us-east-1 }
queues:
  support:
    unites: [genesys-emea:3f0c1b9a-8d0e-4c7b-9a51-0d8b2f6f7a10, crm:support]
    wrapUp: { rule: timed, seconds: 20 }
`;

const INTRODUCTION = `# Configuration

<!-- Rendered from src/config/schema.ts; \`npm run docs\` updates it. -->

One YAML file configures all instances of one region. All problems in it are reported at once.
Names have 1 to 64 letters, digits, dots, dashes or underscores.

\`\`\`yaml
${EXAMPLE_CONFIG}\`\`\`

## Beginning, checking, asking

| command | does |
|---|---|
| \`muster config example\` | prints a whole file with comments that say why: \`config example aws\`, \`azure\`, \`confluent\`, \`redpanda\`, \`self-run\`, \`small\`, or any Redis with any bus, as \`config example --redis memorydb --bus msk-iam\`. \`--list\` lists the names |
| \`muster config check FILE\` | prints a line for each mistake, \`FILE:LINE: key: what is wrong\`, and exits with 1; or one line that says what the file describes. Nobody is asked: a pipeline says the same as a laptop. Where its secrets are not at hand, \`--allow-unset\` passes over references that have no value |
| \`muster config check FILE --online\` | asks the Redis Cluster and the bus as well, and changes nothing there: are partitions and replicas as many as the file says, is the cluster another region's, is an agent in each queue that \`queues\` unite? Exit code 2: one of them cannot be asked |
| \`muster config explain KEY\` | says what a key means, its value, unit and default |
| \`muster config schema\` | prints a JSON Schema (draft 2020-12) for editors, e.g. into \`muster.schema.json\`; with \`# yaml-language-server: $schema=muster.schema.json\` as its first line a file is completed and checked while it is written |

## References

Secrets and what differs between instances come from elsewhere. A reference may stand wherever a value or a name may, alone or
within a text, in quotes or not:

| reference | is |
|---|---|
| \`\${NAME}\` | the environment variable of that name, which must be set |
| \`\${NAME:-default}\` | the same, or the default where it is empty or not set |
| \`\${file:PATH}\` | what the file holds, without the end of its last line; its path is relative to the folder of this one |
| \`$\${NAME}\` | the text \`\${NAME}\` |

A value is a text, or a number or a truth where one is expected. It never becomes YAML: whatever it holds, it adds no keys. Editors
read a reference in a flow map, \`{ port: \${PORT} }\`, as a mistake; Muster does not. Put it in quotes if that disturbs.`;

function renderSection(section: string, keys: Key[]): string {
  const [own] = keys.filter(({ path }) => path === section);
  const rows = keys.filter(({ path, node }) => isWithin(path, section) && !isSection(node)).map(row);
  const title = `## \`${section}\`\n\n${own?.node.description}`;
  if (rows.length === 0) return title;
  return [`${title}\n`, '| key | meaning | value | default |', '|---|---|---|---|', ...rows].join('\n');
}

function row(key: Key): string {
  const { path, node, isRequired } = key;
  const left = node.default === undefined ? (isRequired ? '**required**' : '–') : `\`${JSON.stringify(node.default)}\``;
  return `| \`${path}\` | ${meaningOf(key)} | ${expectation(node)} | ${left} |`;
}
