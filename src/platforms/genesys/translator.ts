import type { Capacity } from '../../agent/facets.ts';
import type { AgentReading, PlatformContext, PlatformReport } from '../platform.ts';
import { Surplus } from '../surplus.ts';
import type { EventFrame } from './channel.ts';
import { hasZonelessTime, readConversation, UNDATED } from './interaction.ts';
import { canonical, type OwnPresences } from './mapping.ts';
import { type Definitions, stateOf, type UserState } from './normalise.ts';
import { type ActivityPayload, type ConversationPayload, timeOf, type UserPayload } from './payloads.ts';
import { GenesysRoster, type JoinedQueues } from './roster.ts';

const NOT_WATCHED = { state: 'PAUSED', reason: 'NOT_WATCHED' } as const;

/**
 * Translates users as read into readings, and notifications into reports. Both may come in any order and at the same time:
 * each fact carries the platform's own time, and the newest wins.
 */
export class Translator {
  readonly roster: GenesysRoster;
  readonly surplus: Surplus;
  readonly #context: Pick<PlatformContext, 'count'>;
  readonly #own: OwnPresences;
  /** Called for a user who has to be rechecked in a few seconds. */
  readonly #onRecheck: (userId: string) => void;
  definitions: Definitions = new Map();
  /** Since when changes of a user do not arrive, in platform ms; undefined if they do. */
  unwatchedSince: (userId: string) => number | undefined = () => undefined;

  constructor(
    context: Pick<PlatformContext, 'connection' | 'count' | 'log'>,
    own: OwnPresences,
    onRecheck: (userId: string) => void,
  ) {
    this.#context = context;
    this.#own = own;
    this.#onRecheck = onRecheck;
    this.surplus = new Surplus(context);
    this.roster = new GenesysRoster(context.connection, this.surplus);
  }

  /** Reads a user. A missing presence or routing status is unknown, and the user is rechecked. */
  read(user: UserPayload, readAtMs: number, queues: JoinedQueues, capacity?: Capacity): AgentReading {
    if (user.state && canonical(user.state) !== 'ACTIVE') return this.roster.gone(user.id, readAtMs);
    const state = this.#watched(user.id, stateOf(user.id, user, this.definitions, this.#own));
    const isHalf = !user.presence || !user.routingStatus;
    const reading = this.roster.read(user, state, readAtMs, queues, capacity);
    this.#note(user.id, { ...state, needsRecheck: state.needsRecheck || isHalf });
    return reading;
  }

  notified({ userId, topic, body }: EventFrame): PlatformReport[] {
    return topic === 'activity' ? this.#activity(userId, body) : this.#conversation(userId, body);
  }

  #activity(userId: string, body: ActivityPayload): PlatformReport[] {
    const state = this.#watched(userId, stateOf(userId, body, this.definitions, this.#own));
    this.#note(userId, state);
    const reports = this.roster.state(userId, state);
    const changedMs = timeOf(body.dateActiveQueuesChanged);
    if (!Array.isArray(body.activeQueueIds) || changedMs === undefined) return reports;
    return [...reports, ...this.roster.queues(userId, { ids: body.activeQueueIds, atMs: changedMs })];
  }

  #conversation(userId: string, body: ConversationPayload): PlatformReport[] {
    const isZoneless = hasZonelessTime(body);
    if (isZoneless) this.surplus.zoneless('participants');
    const reading = readConversation(userId, body);
    // An unreadable time differs from a missing one: the step is ignored.
    if (!reading || (isZoneless && reading.interaction.at === UNDATED)) return [];
    return this.roster.interaction(userId, reading);
  }

  /**
   * A user whose changes do not arrive is not available, whatever was read: they may be in a call since. The state is dated to
   * when the changes stopped, so that it counts at once and later platform data overrules it.
   */
  #watched(userId: string, state: UserState): UserState {
    const { presence } = state;
    const sinceMs = this.unwatchedSince(userId);
    if (presence?.state !== 'ON_DUTY' || sinceMs === undefined) return state;
    const at = Math.max(presence.at, sinceMs);
    return { ...state, presence: { ...presence, ...NOT_WATCHED, at, id: `${presence.id}/${NOT_WATCHED.reason}` } };
  }

  #note(userId: string, { unknown, zoneless, needsRecheck }: UserState): void {
    for (const field of zoneless) this.surplus.zoneless(field);
    for (const value of unknown) this.#context.count('unknown_value', value);
    if (needsRecheck) this.#onRecheck(userId);
  }
}
