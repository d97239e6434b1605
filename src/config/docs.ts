import { defaultBranch, discriminator, expectation, nodeOf, type SchemaNode } from './node.ts';
import { ConfigSchema } from './schema.ts';

/** docs/configuration.md, rendered from the schema: every key with its meaning, allowed values and default. */
export function renderConfigDocs(): string {
  const root = nodeOf(ConfigSchema);
  const sections = Object.entries(root.properties ?? {}).map(([key, node]) => renderSection(key, node));
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
\`\${NAME}\` in any text is replaced by the environment variable of that name, which must be set.
\`\${file:PATH}\` is replaced by the content of a file, with a path relative to this file: use it for secrets.
Names have 1 to 64 letters, digits, dots, dashes or underscores.

\`\`\`yaml
${EXAMPLE_CONFIG}\`\`\``;

function renderSection(key: string, node: SchemaNode): string {
  const title = `## \`${key}\`\n\n${node.description}`;
  const rows = node.type === 'string' ? [row(key, node, true)] : rowsOf(node, key);
  if (rows.length === 0) return title;
  return [`${title}\n`, '| key | meaning | value | default |', '|---|---|---|---|', ...rows].join('\n');
}

/** A row for every leaf below a node, with `<name>` for names chosen by the user. */
function rowsOf(node: SchemaNode, path: string): string[] {
  const [child] = Object.values(node.patternProperties ?? {});
  if (child) return rowsOf(child, `${path}.<name>`);
  if (node.anyOf) return unionRows(node.anyOf, path);
  if (node.type === 'string') return [row(path, node, false)];
  return Object.entries(node.properties ?? {}).flatMap(([key, property]) => {
    const at = `${path}.${key}`;
    return property.properties || property.anyOf
      ? rowsOf(property, at)
      : [row(at, property, node.required?.includes(key) ?? false)];
  });
}

/** The discriminator, then the keys of the branches: a key that several branches share comes once, with their names. */
function unionRows(branches: SchemaNode[], path: string): string[] {
  const choice = discriminator(branches);
  const constants = branches.map(({ properties = {} }) => properties[choice] ?? {});
  const description = constants.map((node) => `\`${node.const}\`: ${node.description}`).join(' ');
  const rows = [
    row(
      `${path}.${choice}`,
      { enum: constants.map((node) => node.const), description, default: defaultBranch(branches, choice) },
      true,
    ),
  ];
  const seen = new Set<string>();
  for (const { properties = {}, required = [] } of branches) {
    for (const [key, node] of Object.entries(properties)) {
      const sharing = branches.map((branch) => isSame(branch.properties?.[key], node));
      const name = `${key} ${sharing}`;
      if (key === choice || seen.has(name)) continue;
      seen.add(name);
      const owners = constants.filter((_, at) => sharing[at]).map((constant) => `\`${constant.const}\``);
      const only = owners.length === branches.length ? '' : ` (${owners.join(', ')} only)`;
      if (node.properties || node.patternProperties || node.anyOf) rows.push(...rowsOf(node, `${path}.${key}`));
      else
        rows.push(
          row(`${path}.${key}`, { ...node, description: `${node.description}${only}` }, required.includes(key)),
        );
    }
  }
  return rows;
}

const isSame = (one: SchemaNode | undefined, other: SchemaNode): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other);

function row(path: string, node: SchemaNode, isRequired: boolean): string {
  const left = node.default === undefined ? (isRequired ? '**required**' : '–') : `\`${JSON.stringify(node.default)}\``;
  return `| \`${path}\` | ${node.description} | ${expectation(node)} | ${left} |`;
}
