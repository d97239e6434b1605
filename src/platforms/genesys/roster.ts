import {
  compareVersions,
  type Facets,
  type Interaction,
  type Profile,
  type Stamped,
  type Version,
} from '../../agent/facets.ts';
import type { PlatformReport } from '../platform.ts';
import type { InteractionReading } from './interaction.ts';
import { inactive, profileOf, skillsOf, type UserState } from './normalise.ts';
import type { UserPayload } from './payloads.ts';

/** The queues a user has joined, as of a platform time in ms. */
export interface JoinedQueues {
  ids: string[];
  atMs: number;
}

interface Known {
  name: string;
  skills: Record<string, number>;
  queues: JoinedQueues;
  /** What was reported last, by facet. */
  profile?: Version & { content: string };
  presence?: Version;
  activity?: Version;
  interaction?: Stamped<Interaction>;
  /** Whether the interaction must be reported again: it cannot be read anew. */
  isInteractionLost?: boolean;
}

/**
 * The users of a connection and what was last reported of each, so that only news is reported: one fact, one report,
 * whose event id is the fact's. Holds nobody but users the platform has listed.
 */
export class Roster {
  readonly #connection: string;
  readonly #users = new Map<string, Known>();

  constructor(connection: string) {
    this.#connection = connection;
  }

  get size(): number {
    return this.#users.size;
  }

  ids(): string[] {
    return [...this.#users.keys()];
  }

  /** A user as read. Queues are given where the reading covered them. */
  user(user: UserPayload, state: UserState, readAtMs: number, queues?: JoinedQueues): PlatformReport[] {
    const known = this.#users.get(user.id);
    const now: Known = known ?? { name: user.id, skills: {}, queues: { ids: [], atMs: 0 } };
    this.#users.set(user.id, now);
    now.name = user.name ?? now.name;
    if (user.skills) now.skills = skillsOf(user.skills);
    if (queues && queues.atMs >= now.queues.atMs) now.queues = queues;
    return [
      ...this.#profile(user.id, now, readAtMs),
      ...this.state(user.id, state),
      ...this.#lostInteraction(user.id, now),
    ];
  }

  /** What an activity event says about the queues joined; older news than known is none. */
  queues(userId: string, queues: JoinedQueues): PlatformReport[] {
    const known = this.#users.get(userId);
    if (!known || queues.atMs <= known.queues.atMs) return [];
    known.queues = queues;
    return this.#profile(userId, known, queues.atMs);
  }

  state(userId: string, { presence, activity }: UserState): PlatformReport[] {
    const known = this.#users.get(userId);
    if (!known) return [];
    const reports: PlatformReport[] = [];
    if (presence && isNews(presence, known.presence)) {
      known.presence = presence;
      reports.push(this.#report(userId, presence, { presence }));
    }
    if (activity && isNews(activity, known.activity)) {
      known.activity = activity;
      reports.push(this.#report(userId, activity, { activity }));
    }
    return reports;
  }

  /**
   * A step of a call. An alert without a time of its own counts as no older than the activity known: it came to an
   * agent who was already idle then, and must not be taken for what that idleness ended.
   */
  interaction(userId: string, { interaction, isTimed }: InteractionReading): PlatformReport[] {
    const known = this.#users.get(userId);
    if (!known) return [];
    const last = known.interaction;
    if (last?.callId === interaction.callId && !isNews(interaction, last)) return [];
    const at = isTimed ? interaction.at : Math.max(interaction.at, known.activity?.at ?? 0);
    const told = { ...interaction, at };
    if (isNews(told, last)) known.interaction = told;
    return [this.#report(userId, told, { interaction: told })];
  }

  /** A user who is gone: reported as such, then forgotten. */
  remove(userId: string, readAtMs: number): PlatformReport[] {
    if (!this.#users.delete(userId)) return [];
    const presence = inactive(userId, readAtMs);
    return [this.#report(userId, presence, { presence })];
  }

  /** From now on states are news again, though they were reported: a picture after a gap is complete. */
  repeatStates(): void {
    for (const known of this.#users.values()) {
      delete known.presence;
      delete known.activity;
    }
  }

  /** From now on everything is news again: reports were lost on their way. */
  repeatAll(): void {
    this.repeatStates();
    for (const known of this.#users.values()) {
      if (known.profile) known.profile.content = '';
      known.isInteractionLost = known.interaction !== undefined;
    }
  }

  #lostInteraction(userId: string, known: Known): PlatformReport[] {
    const { interaction, isInteractionLost } = known;
    known.isInteractionLost = false;
    return interaction && isInteractionLost ? [this.#report(userId, interaction, { interaction })] : [];
  }

  /** A profile has no time on the platform: it takes that of the reading, and is always newer than the one before. */
  #profile(userId: string, known: Known, readAtMs: number): PlatformReport[] {
    const profile: Profile = profileOf(this.#connection, { ...known, queueIds: known.queues.ids });
    const content = JSON.stringify(profile);
    if (content === known.profile?.content) return [];
    const at = Math.max(readAtMs, (known.profile?.at ?? 0) + 1);
    const id = `${userId}/profile/${at}`;
    known.profile = { at, id, content };
    return [this.#report(userId, { at, id }, { profile: { ...profile, at, id } })];
  }

  #report(userId: string, { at, id }: Version, facets: Facets): PlatformReport {
    return { agentId: `${this.#connection}:${userId}`, eventId: id, timestampMs: at, facets };
  }
}

function isNews(fact: Version, last: Version | undefined): boolean {
  return !last || compareVersions(fact, last) > 0;
}
