import {
  type Activity,
  type Capacity,
  compareVersions,
  type Facets,
  interactionsFacet,
  type Profile,
  type Stamped,
  type Version,
} from '../../agent/facets.ts';
import type { AgentReading, PlatformReport } from '../platform.ts';
import type { Surplus } from '../surplus.ts';
import type { InteractionReading } from './interaction.ts';
import { Interactions } from './interactions.ts';
import { inactive, profileId, profileOf, skillsOf, type UserState } from './normalise.ts';
import type { SkillPayload, UserPayload } from './payloads.ts';

/** The queues a user has joined, as of a platform time in ms. */
export interface JoinedQueues {
  ids: string[];
  atMs: number;
}

interface Known {
  name: string;
  skills?: SkillPayload[];
  languages?: SkillPayload[];
  queues: JoinedQueues;
  capacity?: Capacity | undefined;
  interactions: Interactions;
  /** Last reported version, by facet. */
  profile?: Version & { content: string };
  presence?: Version;
  activity?: Stamped<Activity>;
}

/**
 * The users of a connection and the last reported state of each, so that each fact is reported once, with an event id of its
 * own. Contains only users that the platform has listed.
 */
export class GenesysRoster {
  readonly #connection: string;
  readonly #surplus: Pick<Surplus, 'note' | 'forget'>;
  readonly #users = new Map<string, Known>();
  /** Queues of users who are subscribed but not read yet. */
  readonly #early = new Map<string, JoinedQueues>();

  constructor(connection: string, surplus: Pick<Surplus, 'note' | 'forget'>) {
    this.#connection = connection;
    this.#surplus = surplus;
  }

  get size(): number {
    return this.#users.size;
  }

  ids(): string[] {
    return [...this.#users.keys()];
  }

  /**
   * A user as read, with everything known; without a profile until queues have been read.
   * @param capacity undefined if the user takes one call at a time, or the capacity is unknown
   */
  read(user: UserPayload, state: UserState, readAtMs: number, queues: JoinedQueues, capacity?: Capacity): AgentReading {
    const known = this.#users.get(user.id) ?? start(user.id);
    this.#users.set(user.id, known);
    known.name = user.name ?? known.name;
    if (user.skills) known.skills = user.skills;
    if (user.languages) known.languages = user.languages;
    known.capacity = capacity;
    for (const joined of [queues, this.#early.get(user.id)]) {
      if (joined && joined.atMs >= known.queues.atMs) known.queues = joined;
    }
    this.#early.delete(user.id);
    const { presence, open, nonAcd, isUnoccupied } = state;
    if (capacity && open) known.interactions.count(open, readAtMs);
    if (nonAcd !== undefined) known.interactions.countNonAcd(nonAcd, readAtMs);
    const activity = withoutRepeatedWrapUp(known, state.activity);
    this.state(user.id, { ...state, activity });
    return {
      agentId: this.#agentId(user.id),
      facets: {
        ...(known.queues.atMs > 0 && { profile: this.#profile(user.id, known, readAtMs) }),
        ...(presence && { presence }),
        ...(activity && { activity }),
        ...known.interactions.facets(),
      },
      isUnoccupied,
      ...(open && { open }),
      ...(nonAcd !== undefined && { nonAcd }),
    };
  }

  /** Queues joined according to an activity event; older data than known is ignored. */
  queues(userId: string, queues: JoinedQueues): PlatformReport[] {
    const known = this.#users.get(userId);
    const lastMs = (known?.queues ?? this.#early.get(userId))?.atMs ?? 0;
    if (queues.atMs <= lastMs) return [];
    if (!known) {
      this.#early.set(userId, queues);
      return [];
    }
    known.queues = queues;
    const before = known.profile?.id;
    const profile = this.#profile(userId, known, queues.atMs);
    return profile.id === before ? [] : [this.#report(userId, profile, { profile })];
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

  /** Takes a step of an interaction. */
  interaction(userId: string, reading: InteractionReading): PlatformReport[] {
    const known = this.#users.get(userId);
    const news = known?.interactions.take(reading, known.activity) ?? [];
    return news.map((interaction) => this.#report(userId, interaction, interactionsFacet(interaction)));
  }

  /** Forgets a user who is gone. */
  gone(userId: string, readAtMs: number): AgentReading {
    this.#users.delete(userId);
    this.#surplus.forget(this.#agentId(userId));
    this.#early.delete(userId);
    return { agentId: this.#agentId(userId), facets: { presence: inactive(userId, readAtMs) }, isGone: true };
  }

  /** A profile has no time on the platform: it takes the time of the read, and is always newer than the one before. */
  #profile(userId: string, known: Known, readAtMs: number): Stamped<Profile> {
    const { name, queues, capacity } = known;
    const skills = skillsOf(known.skills, known.languages);
    const { profile, cut } = profileOf(this.#connection, { name, queueIds: queues.ids, skills, capacity });
    this.#surplus.note(this.#agentId(userId), cut);
    const content = JSON.stringify(profile);
    if (content !== known.profile?.content) {
      const at = Math.max(readAtMs, (known.profile?.at ?? 0) + 1);
      known.profile = { at, id: profileId(userId, at, content), content };
    }
    const { at, id } = known.profile;
    return { ...profile, at, id };
  }

  #report(userId: string, { at, id }: Version, facets: Facets): PlatformReport {
    return { agentId: this.#agentId(userId), eventId: id, timestampMs: at, facets };
  }

  #agentId(userId: string): string {
    return `${this.#connection}:${userId}`;
  }
}

function start(userId: string): Known {
  return { name: userId, queues: { ids: [], atMs: 0 }, interactions: new Interactions(userId) };
}

/** After-call work of a known call is reported by the call, so the activity does not repeat it. */
function withoutRepeatedWrapUp(
  { activity, interactions }: Known,
  read: Stamped<Activity> | undefined,
): Stamped<Activity> | undefined {
  const isRepeated = read?.state === 'WRAP_UP' && read.at === activity?.at && interactions.isWrappingUp;
  return isRepeated ? activity : read;
}

function isNews(fact: Version, last: Version | undefined): boolean {
  return !last || compareVersions(fact, last) > 0;
}
