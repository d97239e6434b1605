import { type Action, EXAMPLE_URL, type Output } from './actions.ts';

/** A data action as the platform exports and imports it. */
export interface DataAction {
  name: string;
  integrationType: string;
  actionType: string;
  config: {
    request: {
      requestUrlTemplate: string;
      requestType: string;
      headers: Record<string, string>;
      requestTemplate: string;
    };
    response: {
      translationMap: Record<string, string>;
      translationMapDefaults: Record<string, string>;
      successTemplate: string;
    };
  };
  contract: { input: { inputSchema: Contract }; output: { successSchema: Contract } };
  secure: boolean;
}

export interface Contract {
  $schema: string;
  title: string;
  type: 'object';
  required: string[];
  properties: Record<string, { type: string; description: string }>;
  additionalProperties: boolean;
}

/** The platform fills in the token's type; Muster accepts `bearer` in any case. */
const HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json',
  Authorization: `\${authResponse.token_type} \${authResponse.access_token}`,
};

/** Default of an output that is missing in the answer, as JSON. */
const DEFAULTS: Record<Output['type'], string> = { string: '""', integer: '0', boolean: 'false' };

export function dataActionOf(action: Action): DataAction {
  const { name, path, inputs, outputs } = action;
  const [, ...others] = outputs;
  return {
    name,
    integrationType: 'custom-rest-actions',
    actionType: 'custom',
    config: {
      request: {
        requestUrlTemplate: `${EXAMPLE_URL}${path}`,
        requestType: 'POST',
        headers: HEADERS,
        requestTemplate: requestTemplateOf(action),
      },
      response: {
        translationMap: Object.fromEntries(outputs.map((output) => [output.name, `$.${output.name}`])),
        translationMapDefaults: Object.fromEntries(others.map((output) => [output.name, DEFAULTS[output.type]])),
        successTemplate: object(outputs.map((output) => [output.name, `\${${output.name}}`])),
      },
    },
    contract: {
      input: {
        inputSchema: contractOf(
          `${name}: input`,
          inputs.map(typed),
          inputs.filter((each) => each.required),
        ),
      },
      output: { successSchema: contractOf(`${name}: output`, outputs, outputs) },
    },
    secure: false,
  };
}

/** The file to import. Short lists are on one line, as this repository's formatter requires. */
export function renderExport(action: Action): string {
  const indented = JSON.stringify(dataActionOf(action), null, 2);
  const short = indented.replace(/^( *".+": )\[\n([^[\]{}]*)\n *\]/gm, (all, key: string, items: string) => {
    const line = `${key}[${items.trim().replace(/,\n\s*/g, ', ')}]`;
    return line.length < LINE_WIDTH ? line : all;
  });
  return `${short}\n`;
}

/** Including the comma. */
const LINE_WIDTH = 120;

/**
 * Inputs are in nested quotes: Velocity passes an empty text to the macro for an unset input, never null. Values of inputs are
 * not evaluated as templates again.
 */
function requestTemplateOf({ inputs, fixed }: Action): string {
  const given = inputs.map(({ name }) => [name, `"$esc.jsonString("$!{input.${name}}")"`] as const);
  const constants = Object.entries(fixed).map(([name, value]) => [name, JSON.stringify(value)] as const);
  return object([...given, ...constants]);
}

const object = (members: (readonly [string, string])[]): string =>
  `{${members.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`;

interface Field {
  name: string;
  type: string;
  description: string;
}

const typed = ({ name, description }: { name: string; description: string }): Field => ({
  name,
  type: 'string',
  description,
});

function contractOf(title: string, fields: Field[], required: { name: string }[]): Contract {
  return {
    $schema: 'http://json-schema.org/draft-04/schema#',
    title,
    type: 'object',
    required: required.map(({ name }) => name),
    properties: Object.fromEntries(fields.map(({ name, type, description }) => [name, { type, description }])),
    additionalProperties: true,
  };
}
