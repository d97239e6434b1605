import type { Endpoint } from '../endpoint.ts';
import { type GenesysEndpoint, LOGIN, REQUESTS, USER_TOPICS } from './requests.ts';

const ROWS: GenesysEndpoint[] = Object.values(REQUESTS);

/** docs/permissions-genesys.md, made from the client's own table of requests. */
export function renderPermissionDocs(): string {
  return `${[INTRODUCTION, permissionTable(), SETUP, requestTable(), topicTable(), MISSING].join('\n\n')}\n`;
}

/** Each permission once, with the divisions where its role must hold. */
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

<!-- Rendered from src/platforms/genesys/requests.ts; \`npm run docs\` writes it anew. -->

What a connection sends to Genesys Cloud, all of it, with the permission that it needs. The client can send nothing that is
not in this table. It reads, creates notification channels, and with \`deliver: assign\` assigns conversations; it changes nothing else.

For an OAuth client of the kind *Client Credentials* scopes count for nothing: its roles decide, each in the divisions where
it is granted.`;

const SETUP = `## Step by step

1. *Admin*, *Roles / Permissions*: add a role, e.g. \`Muster\`. Tick the permissions above and no others. Without
   \`utilization: true\` in the connection's config it does without \`routing:utilization:view\`, and without callers that say
   \`deliver: assign\` it does without \`conversation:call:assign\`.
2. *Admin*, *Integrations*, *OAuth*: add a client with the grant type *Client Credentials*.
3. Its *Roles* tab: assign the role, in every division that has agents, queues or presences which Muster is to know.
4. Save. Put id and secret into the config, with the hosts of your region:
   [\`connections.<name>.loginUrl\`, \`apiUrl\`, \`clientId\`, \`clientSecret\`](configuration.md#connections).
5. Start, and ask \`GET /v1/connections\` at the connection's home: no \`problem\` in \`ingest.health\` means that nothing is refused.

What the platform *pushes* by EventBridge ([webhooks.md](webhooks.md)) and what its flows ask of Muster
([integrations](../integrations/README.md)) needs none of this client's permissions.`;

const TOPICS = `## Topics

One combined topic for each user. The channels need no permission that is documented, but **each topic has permissions of its
own**. Public material does not name them: ask your organisation, with any token,
\`GET /api/v2/notifications/availabletopics?expand=requiresPermissions,permissionDetails\`, and add what it says of these two to
the role. A refused topic says why, in \`problem\`.`;

const MISSING = `## What a missing permission looks like

- \`problem\` in \`ingest.health\` of \`GET /v1/connections\` has the platform's own words (403, \`missing.any.permissions\`), the permission,
  and what goes missing. It is logged once, as \`platform_permission_missing\`.
- Everything else goes on. Nobody becomes available by it. A connection that *starts* without \`directory:user:view\` leaves agents as the
  region's store has them, as in an outage: look at \`problem\` before you restart anything.
- Whose topics are refused is \`BUSY\` with the reason \`NOT_WATCHED\`, however the platform shows them: what was read a while ago is no
  word of now. Channels say with each reading what they listen to, so a refusal is noticed within \`reconcile.intervalMs\`.
- **One division only:** users and queues of the others are left out of lists, or refused one by one; which of the two is not
  documented, and both are understood. Users left out are \`OFFLINE\` (\`INACTIVE\`); by queues left out nobody is found.
- **Withdrawn while running** is noticed with the next reading; for queues, which are read more seldom, somewhat later. **Given
  back** as well: nothing has to be restarted. Who was \`NOT_WATCHED\` is back a minute after that began, at the earliest, or with
  their next change of presence.`;
