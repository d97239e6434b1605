import {
  type Interaction,
  type InteractionState,
  interactionOf,
  interactionsFacet,
  type Stamped,
} from '../../agent/facets.ts';
import { InvalidPush, type PushContext, type PushedFact, type PushReader, type PushReading } from '../platform.ts';
import { fields, IGNORED, id, isObject, misfits, readRecords, text, time } from '../push-body.ts';

/**
 * CXone pushes no agent states. Pushes come from Studio scripts written to report that an agent is assigned to a contact,
 * takes it or is released from it, and from the digital channels, whose user ids are not those of ACD agents.
 */
const Authored = fields({
  event: text(1, 60),
  contactId: id(64),
  agentId: id(64),
  at: time,
  mediaTypeId: id(20),
  skillId: id(64),
});

/** Script events that determine a state; any other event with an agent is a change hint. */
const STATES = new Map<string, InteractionState>([
  ['ONASSIGN', 'ALERTING'],
  ['ONANSWER', 'CONNECTED'],
  ['ONRELEASE', 'ENDED'],
]);
/** Steps in the order in which they can share a millisecond. */
const STAGES: InteractionState[] = ['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED'];
const PHONE = '4';

/** Reads pushes from scripts and channels of one CXone business unit. */
export function createCxonePushReader({ connection }: PushContext): PushReader {
  return { read: (body) => readRecords(body, (record, path) => readOne(connection, record, path)) };
}

function readOne(connection: string, record: unknown, path: string): PushReading {
  if (!isObject(record)) throw new InvalidPush([{ field: path || '/', message: 'must be an object' }]);
  const isDigital = typeof record.eventType === 'string' || typeof record.eventObject === 'string';
  if (isDigital && record.event === undefined) return IGNORED;
  const { event, agentId, contactId, at, mediaTypeId } = readAuthored(record, path);
  if (agentId === undefined) return IGNORED;
  const state = STATES.get(event.toUpperCase());
  const isVoice = mediaTypeId === undefined || mediaTypeId === PHONE;
  if (!state || !contactId || at === undefined || !isVoice) {
    return { facts: [], hints: [`${connection}:${agentId}`], ignored: 0 };
  }
  return {
    facts: [factOf(connection, agentId, { callId: contactId, state, at: Date.parse(at) })],
    hints: [],
    ignored: 0,
  };
}

interface AuthoredEvent {
  event: string;
  agentId?: string;
  contactId?: string;
  at?: string;
  mediaTypeId?: string;
}

/** Scripts send variables as text: an empty text, and an id of 0, mean none. */
function readAuthored(record: Record<string, unknown>, path: string): AuthoredEvent {
  const given = Object.entries(record).filter(([, value]) => value !== '' && value !== null);
  const filled: Record<string, unknown> = Object.fromEntries(given);
  const errors = misfits(Authored, filled, path);
  if (filled.event === undefined) errors.push({ field: `${path}/event`, message: 'is required' });
  if (errors.length > 0) throw new InvalidPush(errors);
  const names = ['agentId', 'contactId', 'at', 'mediaTypeId'].filter((name) => filled[name] !== undefined);
  const values = names.map((name) => [name, String(filled[name])]).filter(([, value]) => value !== '0');
  return { event: String(filled.event), ...Object.fromEntries(values) };
}

/** A step of a call. The end's id includes the time of connection, which is known from the step before. */
function factOf(
  connection: string,
  agentId: string,
  step: { callId: string; state: InteractionState; at: number },
): PushedFact {
  const { callId, state, at } = step;
  return {
    agentId: `${connection}:${agentId}`,
    reportOn: (held) => {
      const last = held && interactionOf(held, callId);
      const connectedAt = state === 'CONNECTED' ? at : state === 'ENDED' ? last?.connectedAt : undefined;
      const eventId = `${agentId}/call/${callId}/${STAGES.indexOf(state)}/${state}/${at}/${connectedAt ?? 0}`;
      const interaction: Stamped<Interaction> = { ...step, media: 'voice', at, id: eventId };
      if (connectedAt !== undefined) interaction.connectedAt = connectedAt;
      return { agentId: `${connection}:${agentId}`, eventId, timestampMs: at, facets: interactionsFacet(interaction) };
    },
  };
}
