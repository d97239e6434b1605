import { isDeepStrictEqual } from 'node:util';

/** A part of a JSON document. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/**
 * Schemas that have a name, each once. TypeBox knows them by `$id`, wherever they are used; in the document they are
 * components, and referred to.
 */
export class Components {
  readonly schemas: JsonObject = {};

  /** The schema as the document has it. @throws Error where two schemas have one name */
  write(schema: object): Json {
    return this.#write(JSON.parse(JSON.stringify(schema)));
  }

  #write(node: Json): Json {
    if (Array.isArray(node)) return node.map((each) => this.#write(each));
    if (node === null || typeof node !== 'object') return node;
    const { $id: name, ...schema } = node;
    const written = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, this.#write(value)]));
    return typeof name === 'string' ? this.#refer(name, written) : written;
  }

  #refer(name: string, schema: JsonObject): Json {
    const known = this.schemas[name];
    if (known !== undefined && !isDeepStrictEqual(known, schema)) throw new Error(`two schemas are called ${name}`);
    this.schemas[name] = schema;
    return { $ref: `#/components/schemas/${name}` };
  }
}
