import type { FastifyRequest } from 'fastify';
import type { Query } from '../kit/query.ts';
import { CxoneError } from './errors.ts';
import { withoutNone } from './none.ts';
import { Parameters } from './query.ts';
import type { Switches } from './switches.ts';

interface Listing<T> {
  /** The name of the rows in the answer. */
  key: string;
  /** All matches; a page of them is answered. */
  found: readonly T[];
  body: (item: T) => object;
  /** Further fields of the root. */
  root?: object;
  /** Whether fields of a row may be empty. */
  hasNone?: boolean;
  /** Whether the answer can be wrapped in `resultSet`. */
  wraps?: boolean;
}

/** A list answer: a page of the rows, the total, and the time of the request. @throws CxoneError 400 */
export function listAnswer<T>(request: FastifyRequest, switches: Switches, listing: Listing<T>): object {
  const { key, found, body, root, hasNone = false, wraps = true } = listing;
  const parameters = new Parameters(request.query as Query);
  const { top, skip } = pageOf(parameters, switches.maxPageSize);
  const ordered = orderedBy(parameters.text('orderBy'), found, body);
  const rows = ordered.slice(skip, skip + top).map(body);
  const asked = projected(rows, parameters.text('fields'));
  const answer = {
    totalRecords: found.length,
    _links: linksOf(request.url, { top, skip, total: found.length }),
    ...root,
    lastPollTime: iso(request.startedMs),
    [key]: hasNone ? asked.map((row) => withoutNone(row, switches)) : asked,
  };
  return wraps && switches.resultSet ? { resultSet: answer } : answer;
}

function pageOf(parameters: Parameters, maxPageSize: number): { top: number; skip: number } {
  const top = parameters.int('top') ?? maxPageSize;
  const skip = parameters.int('skip') ?? 0;
  if (top < 1 || skip < 0) throw new CxoneError(400, 'Invalid paging');
  return { top: Math.min(top, maxPageSize), skip };
}

function orderedBy<T>(order: string | undefined, found: readonly T[], body: (item: T) => object): readonly T[] {
  if (order === undefined) return found;
  const [field = '', direction = 'asc'] = order.trim().split(/\s+/);
  const sign = /^desc/i.test(direction) ? -1 : 1;
  const keyOf = (item: T) => (body(item) as Record<string, string | number>)[field] ?? '';
  const keyed = found.map((item) => ({ item, value: keyOf(item) }));
  keyed.sort((a, b) => sign * (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  return keyed.map(({ item }) => item);
}

function linksOf(url: string, page: { top: number; skip: number; total: number }): object {
  const { top, skip, total } = page;
  const at = (from: number) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    for (const name of [...searchParams.keys()]) if (/^(top|skip)$/i.test(name)) searchParams.delete(name);
    searchParams.set('top', String(top));
    searchParams.set('skip', String(from));
    return `${pathname}?${searchParams}`;
  };
  return {
    self: at(skip),
    next: skip + top < total ? at(skip + top) : '',
    previous: skip > 0 ? at(Math.max(0, skip - top)) : '',
  };
}

/** Keeps only the fields that were asked for. @throws CxoneError 400 for a field that no row has */
export function projected(rows: readonly object[], fields: string | undefined): object[] {
  if (fields === undefined) return [...rows];
  const wanted = fields.split(',').map((name) => name.trim().toLowerCase());
  const known = new Set(rows.flatMap((row) => Object.keys(row).map((name) => name.toLowerCase())));
  if (rows.length > 0 && !wanted.every((name) => known.has(name))) {
    throw new CxoneError(400, `Invalid fields list '${fields}'`);
  }
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => wanted.includes(name.toLowerCase()))),
  );
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
