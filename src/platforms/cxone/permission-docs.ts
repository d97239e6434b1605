import { type CxoneEndpoint, LOGIN, REQUESTS } from './requests.ts';

const ROWS: CxoneEndpoint[] = Object.values(REQUESTS);

/** docs/permissions-cxone.md, rendered from the client's table of requests. */
export function renderPermissionDocs(): string {
  return `${[INTRODUCTION, SETUP, requestTable(), loginTable(), MISSING].join('\n\n')}\n`;
}

function requestTable(): string {
  const rows = ROWS.map(({ method, path, scope, doubt, why, without }) => {
    const certain = doubt ? ` (${doubt})` : '';
    return `| \`${method} ${path}\` | \`${scope}\`${certain} | none documented | ${why} | ${without} |`;
  });
  const head = '| request | scope | permission of the role | what it is for | without it |\n|---|---|---|---|---|';
  return [`${REQUESTS_TITLE}\n`, head, ...rows].join('\n');
}

function loginTable(): string {
  const rows = Object.values(LOGIN).map(
    ({ method, path, why, without }) => `| \`${method} ${path}\` | ${why} | ${without} |`,
  );
  return ['## The login\n', '| request | what it is for | without it |\n|---|---|---|', ...rows].join('\n');
}

const INTRODUCTION = `# Permissions on NICE CXone

<!-- Rendered from src/platforms/cxone/requests.ts; \`npm run docs\` updates it. -->

All requests that a connection sends to CXone. The client cannot send anything else, and it only reads.

Two things determine what it may read: the *scopes* of the registered application, and the *role* of the user whose access key
logs in. NICE does not document which permissions of a role a request needs.`;

const SETUP = `## Step by step

1. *Admin*, *Security*, *Roles and Permissions*: add a role, e.g. \`Muster\`, with *View* for employees, teams, ACD users, skills and
   unavailable codes; no *Edit*, *Create*, *Delete* or *Deactivate*. Give it data access to **all** teams and skills. The required
   permissions are not documented, so begin with these and adjust them to what the connection reports.
2. *Admin*, *Employees*: add an employee for Muster with that role alone, and without attributes that cost a licence.
3. On that employee's *Access Keys* tab generate a key. The secret is shown once; the key ends with the employee. You need the
   permission *Access Key* for this, or *My Access Key* for a key of your own.
4. Choose one of two logins:
   - with a back-end application that NICE has registered for you, for the scopes below: set \`clientId\` and \`clientSecret\`;
   - with the key alone: set \`accessKeyUrl\` to the host of the tenant's area, e.g. \`https://na1.nice-incontact.com\`, and neither of
     the two. NICE documents it for its Data Extraction API; public integrations use it for these requests, too. The scopes of such
     a token are not documented.
5. Put key and secret into the config ([\`connections.<name>.accessKeyId\`, \`accessKeySecret\`](configuration.md#connections)), start, and call
   \`GET /v1/connections\` in the connection's home: no \`problem\` in \`ingest.health\` means that nothing is refused, and no agent is hidden.`;

const REQUESTS_TITLE = `## Requests

Below \`/incontactapi/services/v{N}.0/\` of the tenant's API.`;

const MISSING = `## What a missing permission looks like

- CXone answers 403 without details; the body's format is not documented. \`problem\` in \`ingest.health\` of \`GET /v1/connections\`
  names the request, its scope, and the effect. It is logged once: \`platform_permission_missing\`.
- Everything else goes on, and no agent becomes available by it.
- **\`agents/states\` withdrawn while running:** agents who were available are \`BUSY\` with the reason \`NOT_WATCHED\` from the next poll
  on, because their states are unknown. Once it is granted again, the next full read restores them. A connection that *starts*
  without it leaves agents as they are in the region's store, as in an outage: check \`problem\` before you restart anything.
- **A role that may see only some agents** is not refused: lists leave the others out and count them as hidden. \`problem\` shows
  how many; they are offline in Muster.
- **Withdrawn while running:** noticed when the list is read next: states and contacts with the next poll, the rest within about
  ten minutes. **Granted again:** noticed sooner, without a restart.`;
