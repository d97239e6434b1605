import { type Capacity, MEDIA, type Media, type MediaCapacity } from '../../agent/facets.ts';
import type { Clock } from '../../ops/clock.ts';
import { Budget } from '../budget.ts';
import { RequestFailed } from '../failure.ts';
import type { ReaderContext } from '../platform.ts';
import type { Refusals } from '../refusals.ts';
import type { GenesysApi } from './client.ts';
import { canonical, mapMedia } from './mapping.ts';
import type { UtilizationPayload } from './payloads.ts';
import type { GenesysCall, REQUESTS } from './requests.ts';

/** Users whose own utilization is read with each full read: it takes a request each, and changes are not notified. */
const USERS_PER_READING = 20;
/** Limit for reading users' utilization, within the connection's budget. */
const REQUESTS_PER_MINUTE = 90;
/** Largest capacity for one media type on the platform. */
const MOST_UNITS = 25;

/**
 * Capacity that a utilization allows: `beside` of a media type lists those whose work it may interrupt.
 * @returns undefined for one call at a time and nothing else, which is the default
 */
export function capacityOf({ utilization = {} }: UtilizationPayload): Capacity | undefined {
  const units = new Map<Media, number>();
  const interruptedBy = new Map<Media, Set<Media>>();
  for (const [name, of] of Object.entries(utilization)) {
    const media = mapMedia(name);
    const most = Math.min(media === 'voice' ? 1 : MOST_UNITS, Math.floor(of?.maximumCapacity ?? 0));
    if (!media || most < 1) continue;
    units.set(media, most);
    interruptedBy.set(media, new Set((of?.interruptableMediaTypes ?? []).flatMap((other) => mapMedia(other) ?? [])));
  }
  if (units.size === 0 || (units.size === 1 && units.has('voice'))) return undefined;
  // In a fixed order, so that equal content is equal text.
  const media: Partial<Record<Media, MediaCapacity>> = {};
  for (const one of MEDIA) {
    const most = units.get(one);
    if (most === undefined) continue;
    const beside = MEDIA.filter((other) => other !== one && interruptedBy.get(other)?.has(one));
    media[one] = { units: most, beside };
  }
  return { media };
}

interface Setting {
  capacity: Capacity | undefined;
  /** False if the organisation's setting applies to the user. */
  isOwn: boolean;
}

/**
 * Capacity of the users of an organisation. The organisation's setting applies to all users without one of their own. Users'
 * own settings are read in turn, a few with every full read.
 */
export class Utilization {
  readonly #client: GenesysApi;
  readonly #context: Pick<ReaderContext, 'count' | 'log'>;
  /** Keeps frequent full reads from spending the connection's budget on users' settings. */
  readonly #budget: Budget;
  #organisation: Capacity | undefined;
  /** Users' own settings, undefined for none; least recently read first. */
  readonly #users = new Map<string, Setting | undefined>();
  readonly #refusals: Refusals<keyof typeof REQUESTS>;

  constructor(
    client: GenesysApi,
    context: Pick<ReaderContext, 'count' | 'log'>,
    clock: Clock,
    refusals: Refusals<keyof typeof REQUESTS>,
  ) {
    this.#refusals = refusals;
    this.#client = client;
    this.#budget = new Budget(clock, REQUESTS_PER_MINUTE);
    this.#context = context;
  }

  /** Undefined if either request is refused, because the capacity is unknown then. */
  of(userId: string): Capacity | undefined {
    if (this.#refusals.has('utilization') || this.#refusals.has('userUtilization')) return undefined;
    const own = this.#users.get(userId);
    return own ? own.capacity : this.#organisation;
  }

  async readOrganisation(): Promise<void> {
    const read = await this.#read({ to: 'utilization' });
    if (read !== 'unknown' && read !== 'failed') this.#organisation = read.capacity;
  }

  /**
   * Reads the settings of some users: new ones first, then the least recently read.
   * @param userIds all users; others are forgotten
   * @returns users with a changed capacity
   */
  async readSome(userIds: string[]): Promise<string[]> {
    const present = new Set(userIds);
    for (const userId of this.#users.keys()) if (!present.has(userId)) this.#users.delete(userId);
    const unasked = userIds.filter((userId) => !this.#users.has(userId));
    const changed: string[] = [];
    for (const userId of [...unasked, ...this.#users.keys()].slice(0, USERS_PER_READING)) {
      if (!(await this.#budget.takeNow())) break;
      const before = JSON.stringify(this.of(userId));
      const read = await this.#read({ to: 'userUtilization', userId });
      let own = this.#users.get(userId);
      if (read !== 'failed') own = read !== 'unknown' && read.isOwn ? read : undefined;
      // Move to the end, also after a failure, so that every user gets a turn.
      this.#users.delete(userId);
      this.#users.set(userId, own);
      if (read === 'failed') break;
      if (JSON.stringify(this.of(userId)) !== before) changed.push(userId);
    }
    return changed;
  }

  /**
   * A failure does not affect the full read; the last known capacity stays.
   * @returns `unknown` for a user without a setting on the platform
   */
  async #read(call: GenesysCall): Promise<Setting | 'unknown' | 'failed'> {
    try {
      const { body } = await this.#client.send<UtilizationPayload>(call);
      this.#refusals.note(call.to, undefined);
      for (const name of Object.keys(body.utilization ?? {})) {
        if (!mapMedia(name)) this.#context.count('unknown_value', `utilization:${canonical(name)}`);
      }
      return { capacity: capacityOf(body), isOwn: canonical(body.level) !== 'ORGANIZATION' };
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      if (error.status === 404) return 'unknown';
      if (error.status === 403) this.#refusals.note(call.to, error);
      else this.#context.log.warn('utilization_read_failed', { reason: error.message });
      return 'failed';
    }
  }
}
