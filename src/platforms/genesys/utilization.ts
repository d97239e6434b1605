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

/** Users whose own utilization is asked for with one reading: a request each, and nothing notifies of a change. */
const USERS_PER_READING = 20;
/** Of users' utilization; the connection's budget holds, too, and has better uses. */
const REQUESTS_PER_MINUTE = 90;
/** The platform takes no more of one media type. */
const MOST_UNITS = 25;

/**
 * What a utilization lets somebody carry: `beside` of a media type are those whose work it may interrupt.
 * @returns undefined for one call at a time and nothing else, which is what an agent of whom nothing is said takes
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
  // In one order, so that equal content is equal text.
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
  /** False where the organisation's holds for the user. */
  isOwn: boolean;
}

/**
 * What the users of an organisation may carry. The organisation's own setting holds for everybody, but for those who
 * have one themselves: those are found in turn, a few with every reading.
 */
export class Utilization {
  readonly #client: GenesysApi;
  readonly #context: Pick<ReaderContext, 'count' | 'log'>;
  /** Where readings follow each other quickly, asking about users does not take all of a connection's requests. */
  readonly #budget: Budget;
  #organisation: Capacity | undefined;
  /** What users have of their own, if anything; those who were asked about longest ago first. */
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

  /** With either refused, nobody knows what anybody may carry. */
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
   * Asks about some users, those first who were not asked about yet, then those longest ago.
   * @param userIds all there are; others are forgotten
   * @returns those who may carry something else than was known
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
      // To the end of the line, whatever came of it: nobody keeps the others from their turn.
      this.#users.delete(userId);
      this.#users.set(userId, own);
      if (read === 'failed') break;
      if (JSON.stringify(this.of(userId)) !== before) changed.push(userId);
    }
    return changed;
  }

  /**
   * A failure fails nothing but this: what agents do is told all the same, and what was known of them holds.
   * @returns `unknown` for a user of whom the platform has none
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
