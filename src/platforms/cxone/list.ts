import { RequestFailed } from '../failure.ts';
import type { CxoneApi, RequestKind } from './client.ts';
import type { CxoneCall } from './requests.ts';
import { Row, timeOf } from './row.ts';

/** What a page size falls back on where the platform refuses a larger one: the maximum reported for some lists. */
const SMALL_PAGE = 100;

export interface List {
  of: CxoneCall;
  /** The field that holds the rows. */
  key: string;
  /** More of the query: its values are as they are, not yet encoded. */
  query?: Record<string, string>;
}

export interface Page {
  rows: Row[];
  /** When the platform answered, by its own clock, in ms. */
  atMs: number;
  /** `lastPollTime` as it came: what is asked for the changes after it. */
  cursor: string | undefined;
  /** Rows the whole list has, where it says so. */
  total: number | undefined;
  /** Agents whom the API user may not see. */
  hidden: number;
  isFirst: boolean;
}

/**
 * A list, page by page. Its end is an empty page, or as many rows as there are: pages may be shorter than asked for. An
 * older version that knows no paging gives everything again and again; the second time ends it.
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
    // The size is to blame only if a smaller one is taken.
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

/** Some versions wrap what they answer, in either spelling. */
function rootOf(body: Record<string, unknown> | undefined): Record<string, unknown> {
  return (body?.resultSet ?? body?.resultset ?? body ?? {}) as Record<string, unknown>;
}

/** The records of a list, wrapped or not. */
export function recordsOf(body: Record<string, unknown> | undefined, key: string): unknown[] {
  const records = body?.[key] ?? rootOf(body)[key];
  return Array.isArray(records) ? records : [];
}
