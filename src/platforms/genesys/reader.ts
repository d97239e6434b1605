import type { Stamped } from '../../agent/facets.ts';
import type { Clock } from '../../ops/clock.ts';
import type { PlatformReader, PlatformReport, ReaderContext } from '../platform.ts';
import { Client } from './client.ts';
import { canonical } from './mapping.ts';
import { inactive, stateOf } from './normalise.ts';
import type { UserPayload } from './payloads.ts';
import { IDS_PER_READ, readUsersById } from './reads.ts';
import type { GenesysSettings } from './settings.ts';

/** Asks Genesys Cloud about single users, for a region that cannot wait for their home to tell. */
class GenesysReader implements PlatformReader {
  readonly batch = IDS_PER_READ;
  readonly #context: ReaderContext;
  readonly #client: Client;
  readonly #stopping = new AbortController();

  constructor(settings: GenesysSettings, context: ReaderContext, clock: Clock) {
    this.#context = context;
    const manners = { attempts: 1, waits: false };
    this.#client = new Client(settings, context, clock, this.#stopping.signal, manners);
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

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#client.close();
  }

  /** Nothing where the platform left out a half that was asked for: expands are best effort. */
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
    const { presence, activity, unknown } = stateOf(userId, user, new Map());
    for (const value of unknown) this.#context.count('unknown_value', value);
    if (!presence || !activity) return [];
    return [report({ presence }, presence), report({ activity }, activity)];
  }
}

/** Reads single agents of one account on Genesys Cloud. */
export function createGenesysReader(settings: GenesysSettings, context: ReaderContext, clock: Clock): PlatformReader {
  return new GenesysReader(settings, context, clock);
}
