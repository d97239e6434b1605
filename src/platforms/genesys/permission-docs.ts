import type { Endpoint } from '../endpoint.ts';
import { type GenesysEndpoint, LOGIN, REQUESTS, USER_TOPICS } from './requests.ts';

const ROWS: GenesysEndpoint[] = Object.values(REQUESTS);

/** docs/permissions-genesys.md, rendered from the client's table of requests. */
export function renderPermissionDocs(): string {
  return `${[INTRODUCTION, permissionTable(), SETUP, requestTable(), topicTable(), MISSING].join('\n\n')}\n`;
}

/** Each permission once, with the divisions in which it must be granted. */
function permissionTable(): string {
  const permissions = [...new Set(ROWS.flatMap(({ permission }) => permission ?? []))].sort();
  const rows = permissions.map((permission) => {
    const of = ROWS.filter((row) => row.permission === permission);
    const unique = (texts: (string | undefined)[]) => [...new Set(texts.filter((text) => text !== undefined))];
    const divisions = unique(of.map((row) => row.divisions)).join('; ') || 'any';
    const doubts = unique(of.map((row) => row.doubt)).join(' ') || 'Listed in the reference.';
    return `| \`${permission}\` | ${divisions} | ${unique(of.map(({ why }) => why)).join('; ')} | ${doubts} |`;
  });
  const head = '| permission | divisions | for | how certain |\n|---|---|---|---|';
  return ['## The role\n', head, ...rows].join('\n');
}

function requestTable(): string {
  const needs = ({ permission }: GenesysEndpoint) => (permission ? `\`${permission}\`` : 'none documented');
  const row = (one: GenesysEndpoint, host = '') =>
    `| ${nameOf(one)}${host} | ${needs(one)} | ${one.why} | ${one.without} |`;
  const rows = [row(LOGIN, ', at `loginUrl`'), ...ROWS.map((one) => row(one))];
  return ['## Requests\n', '| request | permission | what it is for | without it |\n|---|---|---|---|', ...rows].join(
    '\n',
  );
}

const nameOf = ({ method, path }: Endpoint): string => `\`${method} ${path}\``;

function topicTable(): string {
  const rows = Object.entries(USER_TOPICS).map(
    ([topic, { why, without }]) => `| \`v2.users.{id}.${topic}\` | ${why} | ${without} |`,
  );
  return [`${TOPICS}\n`, '| topic | what it is for | where it is refused |\n|---|---|---|', ...rows].join('\n');
}

const INTRODUCTION = `# Permissions on Genesys Cloud

<!-- Rendered from src/platforms/genesys/requests.ts; \`npm run docs\` updates it. -->

All requests that a connection sends to Genesys Cloud, with the permissions that they need. The client cannot send anything
else. It reads, creates notification channels, and with \`deliver: assign\` assigns conversations; it changes nothing else.

Scopes have no effect on an OAuth client of the type *Client Credentials*: its roles decide, each in the divisions in which it
is granted.`;

const SETUP = `## Step by step

1. *Admin*, *Roles / Permissions*: add a role, e.g. \`Muster\`, with the permissions above and no others. It needs
   \`routing:utilization:view\` only with \`utilization: true\` in the connection's config, and \`conversation:call:assign\` only if
   callers use \`deliver: assign\`.
2. *Admin*, *Integrations*, *OAuth*: add a client with the grant type *Client Credentials*.
3. On its *Roles* tab assign the role in every division with agents, queues or presences that Muster should read.
4. Save. Put id and secret into the config, with the hosts of your region:
   [\`connections.<name>.loginUrl\`, \`apiUrl\`, \`clientId\`, \`clientSecret\`](configuration.md#connections).
5. Start, and call \`GET /v1/connections\` in the connection's home: no \`problem\` in \`ingest.health\` means that nothing is refused.

Pushes through EventBridge ([webhooks.md](webhooks.md)) and requests of flows to Muster
([integrations](../integrations/README.md)) need none of these permissions.`;

const TOPICS = `## Topics

One combined topic for each user. No permission is documented for channels, but **each topic has permissions of its own**.
Public material does not name them. Request
\`GET /api/v2/notifications/availabletopics?expand=requiresPermissions,permissionDetails\` from your organisation with any token,
and add the permissions of these two topics to the role. \`problem\` shows why a topic is refused.`;

const MISSING = `## What a missing permission looks like

- \`problem\` in \`ingest.health\` of \`GET /v1/connections\` contains the platform's error (403, \`missing.any.permissions\`), the
  permission, and the effect. It is logged once, as \`platform_permission_missing\`.
- Everything else goes on, and no agent becomes available by it. A connection that *starts* without \`directory:user:view\` leaves
  agents as they are in the region's store, as in an outage: check \`problem\` before you restart anything.
- An agent whose topics are refused is \`BUSY\` with the reason \`NOT_WATCHED\`, whatever the platform shows, because the last read
  may be outdated. Channels subscribe again with each full read, so a refusal is noticed within \`reconcile.intervalMs\`.
- **One division only:** users and queues of other divisions are left out of lists, or refused one by one. Which of the two
  happens is not documented; both are handled. Missing users are \`OFFLINE\` (\`INACTIVE\`); missing queues have no agents.
- **Withdrawn while running:** noticed with the next full read; for queues, which are read less often, somewhat later.
  **Granted again:** noticed likewise, without a restart. An agent who was \`NOT_WATCHED\` is back with the next change of
  presence, otherwise a minute after it began at the earliest.`;
