import { ACTIONS, type Action, AUTH_ACTION, EXAMPLE_URL, TIMEOUT_S } from './actions.ts';
import { dataActionOf } from './export.ts';

/** An HCL string literal in which Terraform interpolates neither `${` nor `%{`. */
const text = (value: string): string => JSON.stringify(value).replace(/([$%])\{/g, '$1$1{');

const INTEGRATION = 'genesyscloud_integration.muster';

/**
 * The same data actions for CX as Code, the platform's Terraform provider, with the integration, its credentials and
 * the custom auth action: one module whose variables are what differs between customers.
 */
export function renderTerraform(): string {
  return [HEAD, ...VARIABLES.map(variable), CREDENTIAL, INTEGRATION_BLOCK, authAction(), ...ACTIONS.map(resource)]
    .map((block) => `${block.trim()}\n`)
    .join('\n');
}

const HEAD = `
# Rendered from integrations/genesys-cloud/source; its tests fail where this is stale.
terraform {
  required_version = ">= 1.0"
  required_providers {
    genesyscloud = {
      source = "mypurecloud/genesyscloud"
    }
  }
}
`;

const VARIABLES = [
  { name: 'muster_url', description: `Where Muster is, without a slash at its end: ${EXAMPLE_URL}` },
  { name: 'login_url', description: 'The token endpoint of an issuer that Muster believes.' },
  { name: 'client_id', description: 'Of the client that the issuer gives tokens with route:agent.' },
  { name: 'client_secret', description: 'Its secret.', sensitive: true },
  {
    name: 'token_form',
    description: 'What the issuer wants to be asked, as a form.',
    default: AUTH_ACTION.requestTemplate,
  },
];

function variable({ name, description, sensitive, ...more }: (typeof VARIABLES)[number]): string {
  const lines = [
    ['description', text(description)],
    ['type', 'string'],
    ...(more.default === undefined ? [] : [['default', text(more.default)]]),
    ...(sensitive ? [['sensitive', 'true']] : []),
  ];
  return block(`variable "${name}"`, assignments(lines));
}

const CREDENTIAL = `
resource "genesyscloud_integration_credential" "muster" {
  name                 = "Muster"
  credential_type_name = "userDefinedOAuth"
  fields = {
    loginUrl     = var.login_url
    clientId     = var.client_id
    clientSecret = var.client_secret
  }
}
`;

/** The provider's guide uses the name `basicAuth` for credentials of any type. */
const INTEGRATION_BLOCK = `
resource "genesyscloud_integration" "muster" {
  intended_state   = "ENABLED"
  integration_type = "custom-rest-actions"
  config {
    name = "Muster"
    credentials = {
      basicAuth = genesyscloud_integration_credential.muster.id
    }
  }
}
`;

function authAction(): string {
  const { requestUrlTemplate, requestType, headers, successTemplate } = AUTH_ACTION;
  return block('resource "genesyscloud_integration_custom_auth_action" "muster"', [
    `integration_id = ${INTEGRATION}.id`,
    ...request(text(requestUrlTemplate), requestType, headers, 'var.token_form'),
    ...nested('config_response', [`success_template = ${text(successTemplate)}`]),
  ]);
}

function resource(action: Action): string {
  const { name, config, contract, secure } = dataActionOf(action);
  const { headers, requestType, requestTemplate } = config.request;
  const { translationMap, translationMapDefaults, successTemplate } = config.response;
  return block(`resource "genesyscloud_integration_action" "${action.file.replaceAll('-', '_')}"`, [
    ...assignments([
      ['name', text(name)],
      ['category', text('Muster')],
      ['integration_id', `${INTEGRATION}.id`],
      ['secure', String(secure)],
      ['config_timeout_seconds', String(TIMEOUT_S)],
    ]),
    ...encoded('contract_input', contract.input.inputSchema),
    ...encoded('contract_output', contract.output.successSchema),
    ...request(`"\${var.muster_url}${action.path}"`, requestType, headers, text(requestTemplate)),
    ...nested('config_response', [
      ...map('translation_map', translationMap),
      ...map('translation_map_defaults', translationMapDefaults),
      `success_template = ${text(successTemplate)}`,
    ]),
  ]);
}

function request(url: string, type: string, headers: Record<string, string>, template: string): string[] {
  return nested('config_request', [
    ...assignments([
      ['request_url_template', url],
      ['request_type', text(type)],
      ['request_template', template],
    ]),
    ...map('headers', headers),
  ]);
}

/** A JSON schema within `jsonencode`: HCL accepts JSON objects, with different spacing. */
function encoded(name: string, value: object): string[] {
  const lines = JSON.stringify(value, null, 2)
    .replace(/([$%])\{/g, '$1$1{')
    .replace(/^( *"[^"]+"):/gm, '$1 :')
    .split('\n');
  return [`${name} = jsonencode(${lines.shift()}`, ...lines.slice(0, -1), `${lines.at(-1)})`];
}

const map = (name: string, values: Record<string, string>): string[] => [
  `${name} = {`,
  ...indent(assignments(Object.entries(values).map(([key, value]) => [key, text(value)]))),
  '}',
];

const nested = (name: string, lines: string[]): string[] => [`${name} {`, ...indent(lines), '}'];

const block = (head: string, lines: string[]): string => nested(head, lines).join('\n');

/** Aligned as by `terraform fmt`. */
function assignments(pairs: string[][]): string[] {
  const width = Math.max(...pairs.map(([name = '']) => name.length));
  return pairs.map(([name = '', value = '']) => `${name.padEnd(width)} = ${value}`);
}

const indent = (lines: string[]): string[] => lines.map((line) => `  ${line}`);
