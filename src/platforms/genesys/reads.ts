import { RequestFailed } from '../failure.ts';
import { isRefusal } from '../refusals.ts';
import type { GenesysApi } from './client.ts';
import { canonical } from './mapping.ts';
import type { Definitions } from './normalise.ts';
import type { DefinitionPayload, MemberPayload, PagePayload, UserPayload } from './payloads.ts';
import type { GenesysCall } from './requests.ts';

const PAGE_SIZE = 100;
/** Requests of a listing under way at a time: as many as the client has connections. */
const AT_ONCE = 4;
/** Ids in one query; keeps the address well under what proxies take. */
export const IDS_PER_READ = 100;
/** Anybody can send events about an agent of any name: the platform is not asked for what cannot be one of its users. */
const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NOBODY = '00000000-0000-0000-0000-000000000000';
const EXPANDS = 'expand=presence,routingStatus,conversationSummary,skills,languages';

export interface UserPage {
  users: UserPayload[];
  /** Platform time of the read, in ms. */
  atMs: number;
}

export interface Memberships {
  /** User id to the ids of the queues the user has joined. */
  queueIds: Map<string, string[]>;
  /** Platform time in ms at which the reading began: a change after it may be missing. */
  atMs: number;
  /** Why the members of some queues may not be read, if so: they are in no list here. */
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
 * All active users with their state, page by page. The listing is no consistent cut: a user renamed meanwhile may be
 * skipped or come twice.
 */
export async function* readUsers(client: GenesysApi): AsyncGenerator<UserPage> {
  for await (const { entities, atMs } of pages<UserPayload>(client, { to: 'users', query: EXPANDS })) {
    yield { users: entities, atMs };
  }
}

/** These users with their state, whether active or not; a user the platform does not know is left out. */
export async function* readUsersById(
  client: GenesysApi,
  ids: string[],
  signal?: AbortSignal,
): AsyncGenerator<UserPage & { asked: string[] }> {
  for (let start = 0; start < ids.length; start += IDS_PER_READ) {
    const asked = ids.slice(start, start + IDS_PER_READ);
    const possible = asked.filter((id) => USER_ID.test(id)).join(',') || NOBODY;
    const query = `pageSize=${PAGE_SIZE}&state=any&id=${possible}&${EXPANDS}`;
    const asker = signal ? { asker: signal } : {};
    const { body, atMs } = await client.send<PagePayload<UserPayload>>({ to: 'users', query }, asker);
    yield { users: body.entities ?? [], atMs, asked };
  }
}

/** Who has joined which queue, of those whose members may be read. @throws RequestFailed */
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
  /** Pages there are, where the platform says so. */
  pageCount: number | undefined;
  /** Whether another page may follow, where it does not. */
  isFull: boolean;
}

/**
 * A listing by page number. Some say how many pages there are, and are asked for several at a time: how fast an organisation
 * is read is then up to what the platform allows in a minute, not to how long it takes to answer. For the rest a short or
 * last page ends it.
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
  // More may have come since, or nobody said how many there are.
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
 * What comes of each of these, in their order, with so many under way at a time. The first failure ends it; whatever is
 * under way then is not heard of any more.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  const begin = (item: Item): void => {
    const result = work(item);
    result.catch(() => {}); // heard of in its turn, if that comes
    underWay.push(result);
  };
  for (const item of items) {
    if (underWay.length >= atOnce) yield (await underWay.shift()) as Result;
    begin(item);
  }
  for (const result of underWay) yield await result;
}
