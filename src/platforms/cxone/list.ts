import { RequestFailed } from '../failure.ts';
import type { CxoneApi, RequestKind } from './client.ts';
import type { CxoneCall } from './requests.ts';
import { Row, timeOf } from './row.ts';

/** Page size after the platform has refused a larger one: the reported maximum of some lists. */
const SMALL_PAGE = 100;

export interface List {
  of: CxoneCall;
  /** Name of the field with the rows. */
  key: string;
  /** Additional query parameters, not yet encoded. */
  query?: Record<string, string>;
}

export interface Page {
  rows: Row[];
  /** Time of the response by the platform's clock, in ms. */
  atMs: number;
  /** `lastPollTime`, unchanged: used to poll for later changes. */
  cursor: string | undefined;
  /** Rows of the whole list, where known. */
  total: number | undefined;
  /** Number of agents that the API user may not see. */
  hidden: number;
  isFirst: boolean;
}

/**
 * A list, page by page, until an empty page or the total number of rows: pages may be shorter than requested. Older versions
 * without paging return everything each time; a repeated page ends the list.
 * @throws RequestFailed
 */
export async function* readList(
  client: CxoneApi,
  list: List,
  kind: RequestKind,
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  let before = '';
  for (let collected = 0, isFirst = true; ; isFirst = false) {
    const { body, atMs } = await getPage(client, list, collected, kind, signal);
    const records = recordsOf(body, list.key);
    const page = readPage(body, records, atMs, isFirst);
    const first = JSON.stringify(records[0]);
    if (first !== undefined && first === before) return;
    before = first ?? '';
    collected += records.length;
    yield page;
    if (records.length === 0 || (page.total !== undefined && collected >= page.total)) return;
  }
}

async function getPage(client: CxoneApi, { of, query }: List, skip: number, kind: RequestKind, signal?: AbortSignal) {
  const call = (): CxoneCall => {
    const paged = new URLSearchParams({ ...query, top: String(client.pageSize), skip: String(skip) });
    return { ...of, query: String(paged) };
  };
  try {
    return await client.get(call(), kind, signal);
  } catch (error) {
    const isRefused = error instanceof RequestFailed && error.status === 400 && client.pageSize > SMALL_PAGE;
    // The page size was the cause only if a smaller one is accepted.
    if (!isRefused) throw error;
    const pageSize = client.pageSize;
    client.pageSize = SMALL_PAGE;
    return await client.get(call(), kind, signal).catch((other) => {
      client.pageSize = pageSize;
      throw other;
    });
  }
}

function readPage(body: Record<string, unknown> | undefined, records: unknown[], atMs: number, isFirst: boolean): Page {
  const root = rootOf(body);
  const value = (name: string): unknown => root[name] ?? body?.[name];
  const cursor = value('lastPollTime');
  const total = Number(value('totalRecords') ?? Number.NaN);
  return {
    rows: records.map((record) => new Row(record)),
    atMs: timeOf(cursor) ?? atMs,
    cursor: typeof cursor === 'string' && cursor ? cursor : undefined,
    total: Number.isFinite(total) ? total : undefined,
    hidden: Number(value('hiddenAgents')) || 0,
    isFirst,
  };
}

/** Some versions wrap the response, in either spelling. */
function rootOf(body: Record<string, unknown> | undefined): Record<string, unknown> {
  return (body?.resultSet ?? body?.resultset ?? body ?? {}) as Record<string, unknown>;
}

/** The records of a list, wrapped or not. */
export function recordsOf(body: Record<string, unknown> | undefined, key: string): unknown[] {
  const records = body?.[key] ?? rootOf(body)[key];
  return Array.isArray(records) ? records : [];
}
