/** A query string as the HTTP server reads it. */
export type Query = Record<string, string | string[] | undefined>;

/** A list parameter: joined by commas, repeated, or both. */
export function listOf(value: string | string[] | undefined): string[] {
  return [value ?? []].flat().flatMap((part) => part.split(',').filter((word) => word !== ''));
}

/** A single parameter; the last of several counts. */
export function oneOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.at(-1);
}
