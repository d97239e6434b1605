import type { Stamped } from '../../agent/facets.ts';
import type { Clock } from '../../ops/clock.ts';
import type { RequestFailed } from '../failure.ts';
import type { Assignment, PlatformReader, PlatformReport, ReaderContext } from '../platform.ts';
import { GenesysApi } from './client.ts';
import { canonical, type OwnPresences } from './mapping.ts';
import { inactive, stateOf } from './normalise.ts';
import type { UserPayload } from './payloads.ts';
import { IDS_PER_READ, readUsersById } from './reads.ts';
import { type GenesysSettings, ownPresences } from './settings.ts';

/** Asks Genesys Cloud about single users, for regions that cannot reach their home, and assigns conversations. */
class GenesysReader implements PlatformReader {
  readonly batch = IDS_PER_READ;
  readonly #context: ReaderContext;
  readonly #client: GenesysApi;
  readonly #own: OwnPresences;
  /** Whether agents may have several interactions. */
  readonly #utilization: boolean;
  readonly #stopping = new AbortController();

  constructor(settings: GenesysSettings, context: ReaderContext, clock: Clock) {
    this.#context = context;
    this.#own = ownPresences(settings);
    this.#utilization = settings.utilization ?? false;
    const policy = { attempts: 1, waits: false };
    this.#client = new GenesysApi(settings, context, clock, this.#stopping.signal, policy);
  }

  async prepare(): Promise<void> {
    await this.#client.login();
  }

  async read(agentIds: string[], signal: AbortSignal): Promise<PlatformReport[]> {
    const userIds = agentIds.map((id) => id.slice(this.#context.connection.length + 1));
    const reports: PlatformReport[] = [];
    for await (const { users, atMs, asked } of readUsersById(this.#client, userIds, signal)) {
      const byId = new Map(users.map((user) => [user.id, user]));
      for (const id of asked) reports.push(...this.#reportsOn(id, byId.get(id), atMs));
    }
    return reports;
  }

  async assign(agentId: string, conversationId: string, signal: AbortSignal): Promise<Assignment> {
    const id = agentId.slice(this.#context.connection.length + 1);
    try {
      await this.#client.login();
    } catch (error) {
      return { answer: 'not_sent', reason: (error as Error).message };
    }
    try {
      await this.#client.sendOnly({ to: 'assign', conversationId }, { id }, signal);
      return { answer: 'accepted' };
    } catch (error) {
      return answerOf(error as Error);
    }
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#client.close();
  }

  /**
   * No report if presence or routing status is missing, because expands are best effort, or if the two disagree. None either
   * for an agent with a non-ACD call, or with work that leaves capacity: the counts alone do not say which of it the region
   * already knows; only the connection's translator does.
   */
  #reportsOn(userId: string, user: UserPayload | undefined, readAtMs: number): PlatformReport[] {
    const report = (facets: PlatformReport['facets'], { at, id }: Stamped<object>): PlatformReport => ({
      agentId: `${this.#context.connection}:${userId}`,
      eventId: id,
      timestampMs: at,
      facets,
    });
    if (!user || (user.state && canonical(user.state) !== 'ACTIVE')) {
      const presence = inactive(userId, readAtMs);
      return [report({ presence }, presence)];
    }
    const {
      presence,
      activity,
      unknown,
      needsRecheck,
      isUnoccupied,
      nonAcd = 0,
    } = stateOf(userId, user, new Map(), this.#own);
    for (const value of unknown) this.#context.count('unknown_value', value);
    if (!presence || !activity || needsRecheck || nonAcd > 0 || (this.#utilization && !isUnoccupied)) return [];
    return [report({ presence }, presence), report({ activity }, activity)];
  }
}

/** Statuses of a request that the platform did not process. */
const UNPROCESSED = new Set([401, 403, 429]);

function answerOf(error: Error): Assignment {
  const { status = 0, message: reason } = error as Partial<RequestFailed> & Error;
  if (UNPROCESSED.has(status)) return { answer: 'not_sent', reason };
  return status >= 400 && status < 500 ? { answer: 'refused', reason } : { answer: 'unknown' };
}

/** Reads single agents of one account on Genesys Cloud. */
export function createGenesysReader(settings: GenesysSettings, context: ReaderContext, clock: Clock): PlatformReader {
  return new GenesysReader(settings, context, clock);
}
