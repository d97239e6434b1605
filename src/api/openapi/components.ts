import { isDeepStrictEqual } from 'node:util';

/** A part of a JSON document. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/**
 * Collects the named schemas of the document. In TypeBox a schema with an `$id` is repeated wherever it is used; in the
 * document it is one component with references to it.
 */
export class Components {
  readonly schemas: JsonObject = {};

  /** Converts a schema for the document, and collects the named schemas in it. @throws Error if two schemas share a name */
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
