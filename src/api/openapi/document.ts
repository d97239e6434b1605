import { SIGNATURE } from '../hooks/access.ts';
import { type Operation, TAGS } from '../operations/operation.ts';
import { operationList } from '../operations/operations.ts';
import { Components, type JsonObject } from './components.ts';
import { writeOperation } from './write-operation.ts';

/** The OpenAPI 3.1 document: every operation, every answer, with examples that the tests carry out. */
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
      summary: 'Every region agrees which agents are free, and every agent is handed to exactly one caller.',
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The instance that gave you this document.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components.schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** Of the API, not of the program: it grows when a client has to know. */
const VERSION = '1';

const DESCRIPTION = `Ask any instance of any region; all know all agents, and each answer says how old what it says may be.

Times are the platform's, in ms since the epoch, unless a field says otherwise. Whatever goes wrong is an \
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem whose \`code\` is stable. Answers have no other fields than those \
described here; requests with fields that are unknown are refused.

A write answers with a token, \`muster-consistency\`; a read that carries it, in any region, comes after that write.`;

/** How callers say who they are. */
const SECURITY_SCHEMES: JsonObject = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A token of an issuer of the config, for its audience. Where the config names no issuers, anybody may call.',
  },
  region: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token that another region has signed with its own key.',
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
    description: 'Of a connection whose `push` has the scheme `hmac-sha256`: of the body, under its secret.',
  },
};

/** What a caller of the operation must show. */
function securityOf({ access }: Operation): JsonObject {
  if (access === 'open') return { security: [] };
  if (access === 'platform') return { security: [{ secret: [] }, { signature: [] }] };
  return { security: [access === 'region' ? { region: [] } : { token: [access] }] };
}
