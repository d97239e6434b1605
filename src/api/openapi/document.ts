import { SIGNATURE } from '../hooks/access.ts';
import { type Operation, TAGS } from '../operations/operation.ts';
import { operationList } from '../operations/operations.ts';
import { Components, type JsonObject } from './components.ts';
import { writeOperation } from './write-operation.ts';

/** Renders the OpenAPI 3.1 document: all operations and answers, with examples that the tests run. */
export function renderDocument(): JsonObject {
  const components = new Components();
  const paths: { [path: string]: JsonObject } = {};
  for (const [id, operation] of operationList()) {
    const written = { ...(writeOperation(id, operation, components) as JsonObject), ...securityOf(operation) };
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: written };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Muster',
      version: VERSION,
      summary: 'Every region agrees which agents are available, and each agent is given to exactly one caller.',
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The instance that served this document.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components.schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** Version of the API, not of Muster. It is incremented when clients must change. */
const VERSION = '1';

const DESCRIPTION = `Every instance of every region knows all agents and answers all requests. Answers say how old their data may be.

Times are platform time in ms since the epoch, unless a field says otherwise. Errors are \
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problems with a stable \`code\`. Answers have only the fields described here; \
requests with unknown fields are rejected.

The answer to a write has a consistency token, \`muster-consistency\`. A read with this token, in any region, is not older than the write.`;

/** How callers authenticate. */
const SECURITY_SCHEMES: JsonObject = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A token of an issuer of the config, for its audience. Without issuers in the config, callers are not authenticated.',
  },
  region: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token that another region signed with its own key.',
  },
  secret: {
    type: 'http',
    scheme: 'bearer',
    description: 'The secret of a connection whose `push` has the scheme `bearer`.',
  },
  signature: {
    type: 'apiKey',
    in: 'header',
    name: SIGNATURE,
    description: 'The signature of the body with the secret of a connection whose `push` has the scheme `hmac-sha256`.',
  },
};

/** The credentials that an operation needs. */
function securityOf({ access }: Operation): JsonObject {
  if (access === 'open') return { security: [] };
  if (access === 'platform') return { security: [{ secret: [] }, { signature: [] }] };
  return { security: [access === 'region' ? { region: [] } : { token: [access] }] };
}
