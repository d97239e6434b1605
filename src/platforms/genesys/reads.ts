import { RequestFailed } from '../failure.ts';
import { isRefusal } from '../refusals.ts';
import type { GenesysApi } from './client.ts';
import { canonical } from './mapping.ts';
import type { Definitions } from './normalise.ts';
import type { DefinitionPayload, MemberPayload, PagePayload, UserPayload } from './payloads.ts';
import type { GenesysCall } from './requests.ts';

const PAGE_SIZE = 100;
/** Concurrent requests of a listing: as many as the client has connections. */
const AT_ONCE = 4;
/** Ids in one query; keeps the URL below the limits of proxies. */
export const IDS_PER_READ = 100;
/** Events can name any agent id, so the platform is asked only for ids that can be one of its users. */
const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_USER_ID = '00000000-0000-0000-0000-000000000000';
const EXPANDS = 'expand=presence,routingStatus,conversationSummary,skills,languages';

export interface UserPage {
  users: UserPayload[];
  /** Platform time of the read, in ms. */
  atMs: number;
}

export interface Memberships {
  /** User id to the ids of the queues the user has joined. */
  queueIds: Map<string, string[]>;
  /** Platform time in ms at which the read began: later changes may be missing. */
  atMs: number;
  /** Refusal to read the members of some queues, if any; these members are missing here. */
  refusal: RequestFailed | undefined;
}

/** Ids of all active users, without their state. */
export async function readUserIds(client: GenesysApi): Promise<string[]> {
  const ids: string[] = [];
  for await (const { entities } of pages<UserPayload>(client, { to: 'users' }))
    ids.push(...entities.map(({ id }) => id));
  return ids;
}

/**
 * All active users with their state, page by page. The listing is not a consistent snapshot: a user renamed meanwhile may
 * be skipped or come twice.
 */
export async function* readUsers(client: GenesysApi): AsyncGenerator<UserPage> {
  for await (const { entities, atMs } of pages<UserPayload>(client, { to: 'users', query: EXPANDS })) {
    yield { users: entities, atMs };
  }
}

/** These users with their state, active or not; users unknown to the platform are left out. */
export async function* readUsersById(
  client: GenesysApi,
  ids: string[],
  signal?: AbortSignal,
): AsyncGenerator<UserPage & { asked: string[] }> {
  for (let start = 0; start < ids.length; start += IDS_PER_READ) {
    const asked = ids.slice(start, start + IDS_PER_READ);
    const possible = asked.filter((id) => USER_ID.test(id)).join(',') || NO_USER_ID;
    const query = `pageSize=${PAGE_SIZE}&state=any&id=${possible}&${EXPANDS}`;
    const caller = signal ? { callerSignal: signal } : {};
    const { body, atMs } = await client.send<PagePayload<UserPayload>>({ to: 'users', query }, caller);
    yield { users: body.entities ?? [], atMs, asked };
  }
}

/** Members who have joined each readable queue. @throws RequestFailed */
export async function readMemberships(client: GenesysApi): Promise<Memberships> {
  const queueIds = new Map<string, string[]>();
  let startedMs: number | undefined;
  let refusal: RequestFailed | undefined;
  for await (const { entities: queues, atMs } of pages<{ id: string }>(client, { to: 'queues' })) {
    startedMs ??= atMs;
    const read = async ({ id }: { id: string }) => ({
      id,
      userIds: await readJoined(client, id).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
        refusal = error;
        return [];
      }),
    });
    for await (const { id, userIds } of inOrder(queues, AT_ONCE, read)) {
      for (const userId of userIds) queueIds.set(userId, [...(queueIds.get(userId) ?? []), id]);
    }
  }
  return { queueIds, atMs: startedMs ?? 0, refusal };
}

async function readJoined(client: GenesysApi, queueId: string): Promise<string[]> {
  const call = { to: 'queueMembers', queueId, query: 'joined=true' } as const;
  const joined: string[] = [];
  try {
    for await (const { entities } of pages<MemberPayload>(client, call)) {
      joined.push(...entities.filter((member) => member.joined !== false).map(({ id }) => id));
    }
  } catch (error) {
    const isDeletedMeanwhile = error instanceof RequestFailed && error.status === 404;
    if (!isDeletedMeanwhile) throw error;
  }
  return joined;
}

/** The organisation's presences. Events carry the system presence themselves, so this only fills gaps. */
export async function readDefinitions(client: GenesysApi): Promise<Definitions> {
  const { body } = await client.send<PagePayload<DefinitionPayload>>({ to: 'presenceDefinitions' });
  const definitions = new Map<string, string>();
  for (const { id, systemPresence } of body.entities ?? []) {
    if (id && systemPresence) definitions.set(id, canonical(systemPresence));
  }
  return definitions;
}

interface Listed<T> {
  entities: T[];
  atMs: number;
  /** Number of pages, where the platform says so. */
  pageCount: number | undefined;
  /** Whether another page may follow, where the number of pages is unknown. */
  isFull: boolean;
}

/**
 * A listing by page number. If the number of pages is known, several are requested at a time, so that the speed depends on the
 * platform's rate limit and not on its response time. Otherwise a short page ends the listing.
 */
async function* pages<T>(client: GenesysApi, call: GenesysCall): AsyncGenerator<Listed<T>> {
  const read = (page: number) => readPage<T>(client, call, page);
  let listed = await read(1);
  yield listed;
  const { pageCount = 0 } = listed;
  const others = Array.from({ length: Math.max(0, pageCount - 1) }, (_, at) => at + 2);
  for await (const other of inOrder(others, AT_ONCE, read)) {
    yield other;
    if (other.entities.length === 0) return;
    listed = other;
  }
  // Pages may have been added since, or the number of pages is unknown.
  for (let page = others.length + 2; mayHaveMore(listed, page); page++) {
    listed = await read(page);
    yield listed;
  }
}

const mayHaveMore = <T>({ entities, pageCount, isFull }: Listed<T>, page: number): boolean =>
  entities.length > 0 && (pageCount === undefined ? isFull : page <= pageCount);

async function readPage<T>(client: GenesysApi, call: GenesysCall, page: number): Promise<Listed<T>> {
  const query = `pageSize=${PAGE_SIZE}&pageNumber=${page}${call.query ? `&${call.query}` : ''}`;
  const { body, atMs } = await client.send<PagePayload<T>>({ ...call, query });
  const entities = body.entities ?? [];
  const isFull = entities.length >= (body.pageSize ?? PAGE_SIZE) || body.nextUri !== undefined;
  return { entities, atMs, pageCount: body.pageCount, isFull };
}

/**
 * Runs work on each item with a limit on concurrency, and yields the results in the order of the items. The first failure
 * ends it; results of work that is still running are ignored.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  const begin = (item: Item): void => {
    const result = work(item);
    result.catch(() => {}); // rethrown by the `await` below
    underWay.push(result);
  };
  for (const item of items) {
    if (underWay.length >= atOnce) yield (await underWay.shift()) as Result;
    begin(item);
  }
  for (const result of underWay) yield await result;
}
