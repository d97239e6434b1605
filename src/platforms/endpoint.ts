/** A kind of request that an adapter sends, as a row of the platform's table; its page on permissions is made of the same rows. */
export interface Endpoint {
  method: 'GET' | 'POST' | 'PUT';
  /** Below the platform's API. What is in braces is filled in for each request. */
  path: string;
  /** What Muster has from it, for people. */
  why: string;
  /** What goes missing where the platform refuses it, for people. */
  without: string;
}

/** The names in braces in a path. */
type Blank<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Blank<Rest> : never;

/**
 * One request of a table: the row by its name, what its path leaves blank, and its query. A client takes nothing else, so
 * whatever is sent is in the table.
 */
export type Call<Table extends Record<string, Endpoint>> = {
  [Name in keyof Table & string]: { to: Name; query?: string } & Record<Blank<Table[Name]['path']>, string>;
}[keyof Table & string];

/** The path of a call with its blanks filled in, without its query. */
export function pathOf({ path }: Endpoint, call: object): string {
  const blanks = call as Record<string, string>;
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(blanks[name] ?? ''));
}
