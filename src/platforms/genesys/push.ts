import {
  type Facets,
  interactionOf as interactionIn,
  interactionsFacet,
  type Profile,
  type Stamped,
  type Version,
} from '../../agent/facets.ts';
import {
  InvalidPush,
  type PlatformReport,
  type PushContext,
  type PushedFact,
  type PushReader,
  type PushReading,
} from '../platform.ts';
import {
  fields,
  flag,
  IGNORED,
  id,
  isObject,
  list,
  misfits,
  readRecords,
  type Shape,
  text,
  time,
} from '../push-body.ts';
import { isPossibleTime } from '../time.ts';
import { hasZonelessTime, readConversation, stepAfter, UNDATED } from './interaction.ts';
import type { OwnPresences } from './mapping.ts';
import { profileId, profileOf, type StateSource, stateOf } from './normalise.ts';
import { type ActivityPayload, type ConversationPayload, timeOf } from './payloads.ts';
import { type GenesysSettings, ownPresences } from './settings.ts';

/** Topics that are read; all others are ignored. `conversationsummary` adds nothing to `conversations`. */
const TOPIC = /^v2\.users\.(.*)\.(activity|presence|routingstatus|conversations)$/i;
const USER_ID = /^[\w-]{1,64}$/;

const Presence = fields({
  primary: flag,
  presenceDefinition: fields({ id: text(0, 200), systemPresence: text(0, 200) }),
  modifiedDate: time,
});
const RoutingStatus = fields({ status: text(0, 200), startTime: time });
const BODIES: Record<string, Shape> = {
  activity: fields({
    presence: Presence,
    routingStatus: RoutingStatus,
    activeQueueIds: list(text(1, 135), 10_000),
    dateActiveQueuesChanged: time,
  }),
  presence: Presence,
  routingstatus: fields({ routingStatus: RoutingStatus }),
  conversations: fields({
    id: id(80),
    participants: list(
      fields({ purpose: text(0, 200), userId: text(0, 200), connectedTime: time, endTime: time }),
      10_000,
    ),
  }),
};

interface Notification {
  topic: string;
  userId: string;
  body: Record<string, unknown>;
  /** JSON pointer to the body. */
  path: string;
}

/**
 * Reads pushes of Genesys Cloud through EventBridge: the envelope, or its `detail` alone, which is a notification as on a
 * channel. Facts and their ids are the same as from a channel.
 */
class GenesysPushReader implements PushReader {
  readonly #own: OwnPresences;
  readonly #context: PushContext;

  constructor(settings: Pick<GenesysSettings, 'presences'>, context: PushContext) {
    this.#own = ownPresences(settings);
    this.#context = context;
  }

  read(body: unknown): PushReading {
    return readRecords(body, (record, path) => this.#readOne(record, path));
  }

  #readOne(record: unknown, path: string): PushReading {
    const notification = notificationIn(record, path);
    if (!notification) return IGNORED;
    const reading = notification.topic === 'conversations' ? this.#call(notification) : this.#state(notification);
    return reading.facts.length + reading.hints.length > 0 ? reading : IGNORED;
  }

  #state({ topic, userId, body }: Notification): PushReading {
    const source: StateSource = topic === 'presence' ? { presence: body } : body;
    const { presence, activity, unknown, needsRecheck } = stateOf(userId, source, new Map(), this.#own);
    for (const value of unknown) this.#context.count('unknown_value', value);
    const facts: PushedFact[] = [];
    if (presence) facts.push(this.#fact(userId, () => [presence, { presence }]));
    if (activity) facts.push(this.#fact(userId, () => [activity, { activity }]));
    const { activeQueueIds, dateActiveQueuesChanged } = body as ActivityPayload;
    const changedMs = timeOf(dateActiveQueuesChanged);
    if (topic === 'activity' && Array.isArray(activeQueueIds) && changedMs !== undefined) {
      facts.push(this.#fact(userId, (held) => this.#rejoined(userId, held?.profile, activeQueueIds, changedMs)));
    }
    return { facts, hints: needsRecheck ? [this.#agentId(userId)] : [], ignored: 0 };
  }

  #call({ userId, body, path }: Notification): PushReading {
    if (hasZonelessTime(body)) throw wrong(`${path}/participants`, ZONELESS);
    const reading = readConversation(userId, body as ConversationPayload);
    if (!reading) return IGNORED;
    const { at, connectedAt = at, callId } = reading.interaction;
    const isDated = at !== UNDATED;
    if (isDated && (!isPossibleTime(at) || !isPossibleTime(connectedAt)))
      throw wrong(`${path}/participants`, IMPOSSIBLE);
    const fact = this.#fact(userId, (held = {}) => {
      const step = stepAfter(reading, interactionIn(held, callId), held.activity);
      return step && [step, interactionsFacet(step)];
    });
    return { facts: [fact], hints: [], ignored: 0 };
  }

  /**
   * The held profile with these queues. Undefined for a user without a profile, or with a newer one; the next full read
   * completes those.
   */
  #rejoined(
    userId: string,
    held: Stamped<Profile> | undefined,
    queueIds: string[],
    at: number,
  ): [Version, Facets] | undefined {
    if (!held || at <= held.at) return undefined;
    const { tenureDays, capacity } = held;
    const { profile: rejoined } = profileOf(this.#context.connection, {
      name: held.name,
      queueIds,
      skills: held.skills,
    });
    if (JSON.stringify(rejoined.queues) === JSON.stringify(held.queues)) return undefined;
    const profile: Profile = { ...rejoined, tenureDays, ...(capacity && { capacity }) };
    const version = { at, id: profileId(userId, at, JSON.stringify(profile)) };
    return [version, { profile: { ...profile, ...version } }];
  }

  /** @param report facets to report, and the version that names them; undefined for none */
  #fact(userId: string, report: (held: Facets | undefined) => [Version, Facets] | undefined): PushedFact {
    const agentId = this.#agentId(userId);
    const reportOn = (held: Facets | undefined): PlatformReport | undefined => {
      const [version, facets] = report(held) ?? [];
      return version && facets && { agentId, eventId: version.id, timestampMs: version.at, facets };
    };
    return { agentId, reportOn };
  }

  #agentId(userId: string): string {
    return `${this.#context.connection}:${userId}`;
  }
}

const IMPOSSIBLE = 'must have times from 2000 to 2100';
const ZONELESS = 'must have times with their zone, e.g. 2026-03-02T15:01:40Z';

const wrong = (field: string, message: string): InvalidPush => new InvalidPush([{ field, message }]);

/** The notification in a record; undefined for kinds that are not read. @throws InvalidPush */
function notificationIn(record: unknown, path: string): Notification | undefined {
  if (!isObject(record)) throw wrong(path || '/', 'must be an object');
  const detailType = record['detail-type'];
  if (detailType === undefined) return readNotification(record, path);
  if (typeof detailType !== 'string') throw wrong(`${path}/detail-type`, 'must be a text');
  if (!TOPIC.test(detailType)) return undefined;
  if (!isObject(record.detail)) throw wrong(`${path}/detail`, 'must be an object');
  return readNotification(record.detail, `${path}/detail`);
}

function readNotification(notification: Record<string, unknown>, path: string): Notification | undefined {
  const { topicName, eventBody } = notification;
  if (typeof topicName !== 'string') throw wrong(`${path}/topicName`, 'must be the name of a topic');
  const [, userId = '', name] = TOPIC.exec(topicName) ?? [];
  if (name === undefined) return undefined;
  if (!USER_ID.test(userId))
    throw wrong(`${path}/topicName`, 'must name a user by an id of 1 to 64 letters, digits or dashes');
  if (!isObject(eventBody)) throw wrong(`${path}/eventBody`, 'must be an object');
  const topic = name.toLowerCase();
  const errors = misfits(BODIES[topic] as Shape, eventBody, `${path}/eventBody`);
  if (errors.length > 0) throw new InvalidPush(errors);
  return { topic, userId, body: eventBody, path: `${path}/eventBody` };
}

/** Reads pushes about one account on Genesys Cloud. */
export function createGenesysPushReader(
  settings: Pick<GenesysSettings, 'presences'>,
  context: PushContext,
): PushReader {
  return new GenesysPushReader(settings, context);
}
