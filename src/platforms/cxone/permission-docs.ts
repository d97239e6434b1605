import { type CxoneEndpoint, LOGIN, REQUESTS } from './requests.ts';

const ROWS: CxoneEndpoint[] = Object.values(REQUESTS);

/** docs/permissions-cxone.md, made from the client's own table of requests. */
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

<!-- Rendered from src/platforms/cxone/requests.ts; \`npm run docs\` writes it anew. -->

What a connection sends to CXone, all of it. The client can send nothing that is not in these tables, and all it does is read.

Two things decide what it may read: the *scopes* that an application was registered for, and the *role* of the user whose access
key logs in. Which permission of a role a request needs is not documented by NICE, for none of them.`;

const SETUP = `## Step by step

1. *Admin*, *Security*, *Roles and Permissions*: add a role, e.g. \`Muster\`. Tick *View* where it is about employees, teams, ACD users,
   skills and unavailable codes; no *Edit*, *Create*, *Delete* or *Deactivate*. Let its data access reach **all** teams and skills. Since no
   list says which of them counts, begin with these and go by what the connection reports.
2. *Admin*, *Employees*: add an employee for Muster with that role alone, and none of the attributes that cost a licence.
3. On that employee's *Access Keys* tab generate a key. The secret is shown once; the key ends with the employee. Whoever does
   this needs the permission *Access Key*, or *My Access Key* for a key of their own.
4. Log in by one of two ways:
   - with a back-end application that NICE has registered for you, for the scopes below: set \`clientId\` and \`clientSecret\`;
   - with the key alone: set \`accessKeyUrl\` to the host of the tenant's area, e.g. \`https://na1.nice-incontact.com\`, and neither of the two.
     NICE documents it for its Data Extraction API; public integrations use it for these requests, too. Which scopes such a token
     has is not documented.
5. Put key and secret into the config ([\`connections.<name>.accessKeyId\`, \`accessKeySecret\`](configuration.md#connections)), start, and ask
   \`GET /v1/connections\` at the connection's home: no \`problem\` in \`ingest.health\` means that nothing is refused, and nobody hidden.`;

const REQUESTS_TITLE = `## Requests

Below \`/incontactapi/services/v{N}.0/\` of the tenant's API.`;

const MISSING = `## What a missing permission looks like

- CXone answers 403 and says no more than that; the body's form is not documented. \`problem\` in \`ingest.health\` of
  \`GET /v1/connections\` names the request, its scope, and what goes missing. It is logged once:
  \`platform_permission_missing\`.
- Everything else goes on. Nobody becomes available by it.
- **\`agents/states\` withdrawn while running:** whoever was available is \`BUSY\` with the reason \`NOT_WATCHED\` at the next poll, since nobody says any
  more how they are; given back, the next reading makes up for it. A connection that *starts* without it leaves agents as the region's
  store has them, as in an outage: look at \`problem\` before you restart anything.
- **A role that may see some agents only** is not refused: lists leave the others out, and count them as hidden. \`problem\` says how many; they
  are offline to Muster.
- **Withdrawn while running** is noticed when a list is read next: states and contacts with the next poll, the rest within some ten
  minutes. **Given back** sooner, and nothing has to be restarted.`;
