/** A row of a platform's table of requests; the page about its permissions is rendered from the same rows. */
export interface Endpoint {
  method: 'GET' | 'POST' | 'PUT';
  /** Path below the platform's API, with placeholders in braces. */
  path: string;
  /** Purpose of the request, for people. */
  why: string;
  /** Effect of a refusal by the platform, for people. */
  without: string;
}

/** The names in braces in a path. */
type Placeholder<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

/**
 * One request of a table: the name of its row, the values of the path's placeholders, and the query. Clients accept nothing
 * else, so every request that is sent is in the table.
 */
export type Call<Table extends Record<string, Endpoint>> = {
  [Name in keyof Table & string]: { to: Name; query?: string } & Record<Placeholder<Table[Name]['path']>, string>;
}[keyof Table & string];

/** The path of a call with its placeholders filled in, without the query. */
export function pathOf({ path }: Endpoint, call: object): string {
  const values = call as Record<string, string>;
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}
