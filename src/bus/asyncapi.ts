import { type TSchema, Type } from 'typebox';
import { stringify } from 'yaml';
import { EXCHANGE, OLDEST_EXCHANGE } from '../agent/exchange.ts';
import { type AgentEvent, EventPayload } from '../agent/wire.ts';
import type { BusMessage } from './bus.ts';
import { REASON, sealLetter } from './dead-letter.ts';
import {
  AGENT_CHANGED,
  CLAIM_CONFLICT,
  HEARTBEAT,
  sealConflict,
  sealEvent,
  sealHeartbeat,
  withOrigin,
} from './envelope.ts';
import { dlqOf } from './kafka/kafka.ts';
import { ConflictPayload, HeartbeatPayload } from './payloads.ts';

/** Renders docs/asyncapi.yaml from the schemas that Muster reads messages with. The examples are messages that Muster sealed. */
export function renderAsyncApi(): string {
  const yaml = stringify(document(), { lineWidth: 120, aliasDuplicateObjects: false });
  return `# Rendered from src/bus/asyncapi.ts; \`npm run docs\` updates it.\n${yaml}`;
}

const TOPIC = 'agent.status.change';

function document() {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Muster on Kafka',
      version: '1.0.0',
      description: INFO,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      events: {
        address: TOPIC,
        description: 'The topic of events: `bus.topic` of the configuration, with `bus.partitions` partitions.',
        messages: referTo('messages', ['agentChanged', 'agentReported', 'regionHeartbeat', 'claimConflict']),
        bindings: { kafka: { topic: TOPIC, partitions: 12, bindingVersion: '0.5.0' } },
      },
      deadLetters: {
        address: dlqOf(TOPIC),
        description:
          'Messages that could not be read, applied or published, with the reason. Each region writes its own copy.',
        messages: referTo('messages', ['deadLetter']),
        bindings: { kafka: { topic: dlqOf(TOPIC), partitions: 1, bindingVersion: '0.5.0' } },
      },
    },
    operations: {
      publish: operation('send', 'events', ['agentChanged', 'regionHeartbeat', 'claimConflict'], PUBLISH),
      apply: operation(
        'receive',
        'events',
        ['agentChanged', 'agentReported', 'regionHeartbeat', 'claimConflict'],
        APPLY,
      ),
      putAside: operation(
        'send',
        'deadLetters',
        ['deadLetter'],
        'Each region writes the messages that it cannot process.',
      ),
    },
    components: { messages: messages(), schemas: SCHEMAS },
  };
}

const INFO =
  'The messages between regions, for applications that listen to them or report agents. Messages are CloudEvents in binary mode: ' +
  'attributes are headers, the value is JSON. Kafka’s default partitioner (murmur2) maps the key to a partition; messages of one ' +
  'partition stay in order. Delivery is at least once. Readers skip a `ce_type` that they do not know. Of two values of one facet ' +
  'the one with the later `at` wins. At equal times the value under which the agent takes less work wins, then the higher `event_id`.';
const PUBLISH = 'Each region publishes the changes that it accepted, in order within a partition.';
const APPLY =
  'Each region reads all messages, including its own, in the consumer group `<topic>.<region>`. Other applications read in groups ' +
  'of their own and may report agents in the plain form.';

type Section = 'messages' | 'schemas';

const refer = (section: Section, name: string) => ({ $ref: `#/components/${section}/${name}` });

const referTo = (section: Section, names: string[]) =>
  Object.fromEntries(names.map((name) => [name, refer(section, name)]));

function operation(action: 'send' | 'receive', channel: string, names: string[], description: string) {
  const messages = names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` }));
  return { action, channel: { $ref: `#/channels/${channel}` }, description, messages };
}

const SCHEMAS: Record<string, TSchema> = {
  AgentEvent: Type.Object(EventPayload.properties, {
    additionalProperties: false,
    description: 'A change to one agent: the facets that changed, or in the plain form a status.',
  }),
  Heartbeat: HeartbeatPayload,
  ClaimConflict: ConflictPayload,
};

function messages() {
  return {
    agentChanged: {
      name: AGENT_CHANGED,
      title: 'An agent changed',
      headers: cloudEvent(AGENT_CHANGED, { ce_subject: header('The agent’s id, percent-encoded.') }, TRACED),
      payload: { allOf: [refer('schemas', 'AgentEvent'), { required: ['status', 'region_source'] }] },
      ...keyed('The agent’s id.'),
      examples: [example(sealEvent(EXAMPLE, { status: 'AVAILABLE' }, ACCEPTED_MS, EXCHANGE.oldest))],
    },
    agentReported: {
      name: 'plain',
      title: 'A report about an agent, from any sender',
      summary:
        'The plain form, without headers: a status, or facets. Each region reads it as it reads `POST /v1/events`.',
      payload: { allOf: [refer('schemas', 'AgentEvent'), { required: ['region_source'] }, { anyOf: TELLING }] },
      ...keyed('The agent’s id, so that reports of one agent stay in order.'),
      examples: [{ payload: PLAIN }],
    },
    regionHeartbeat: {
      name: HEARTBEAT,
      title: 'A region’s heartbeat',
      headers: cloudEvent(HEARTBEAT),
      payload: refer('schemas', 'Heartbeat'),
      ...keyed('The number of the partition.'),
      examples: [example(withOrigin(sealHeartbeat(BEAT, 3), ORIGIN))],
    },
    claimConflict: {
      name: CLAIM_CONFLICT,
      title: 'An agent was granted twice',
      headers: cloudEvent(CLAIM_CONFLICT),
      payload: refer('schemas', 'ClaimConflict'),
      ...keyed('The agent’s id.'),
      examples: [example(sealConflict(CONFLICT, 'eu-west-1', ACCEPTED_MS, EXCHANGE.oldest))],
    },
    deadLetter: {
      name: 'dead letter',
      title: 'A dead letter',
      summary:
        'Key, headers and value are those of the message; a value of more than 900,000 bytes, or too large for the topic, is cut. ' +
        '`muster deadletters` lists, shows and replays them.',
      headers: {
        type: 'object',
        required: [REASON],
        properties: {
          [REASON]: header('Why the message failed.'),
          muster_stack: header('Stack trace of the failure; absent if the message could not be read.'),
          muster_region: header('The region that wrote the dead letter.'),
          muster_from: header('Source of the message: the bus, the outbox, or a connection to a platform.'),
          muster_put_aside_at: header('When the dead letter was written.', { format: 'date-time' }),
          muster_cut_from: header('Original size of the value in bytes, if the value or the key was cut.', {
            pattern: '^[0-9]+$',
          }),
        },
      },
      payload: { description: 'Any bytes.' },
      ...keyed('The key of the message.'),
      examples: [example(sealLetter(UNREADABLE, CAUSE))],
    },
  };
}

/** A plain report needs at least one of these. */
const TELLING = ['status', 'profile', 'presence', 'activity', 'interactions'].map((name) => ({
  required: [name],
}));

const header = (description: string, more: object = {}) => ({ type: 'string', ...more, description });

const keyed = (description: string) => ({
  bindings: { kafka: { key: { type: 'string', description }, bindingVersion: '0.5.0' } },
});

const TRACED = {
  ce_traceparent: header('W3C Trace Context of the request that caused the change. Absent if a platform reported it.', {
    pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
  }),
  ce_tracestate: header('The `tracestate` of the same request, if it had one.'),
};

function cloudEvent(type: string, more: object = {}, optional: object = {}) {
  return {
    type: 'object',
    required: ['ce_specversion', 'ce_type', 'ce_id', 'ce_source', 'ce_time', 'content-type', ...Object.keys(more)],
    properties: {
      ce_specversion: { type: 'string', const: '1.0' },
      ce_type: { type: 'string', const: type },
      ce_id: header('The same as `event_id`.'),
      ce_source: header('The region that sent it.', { pattern: '^/muster/[A-Za-z0-9._-]+$' }),
      ce_time: header('When the region accepted it, by its store’s clock.', { format: 'date-time' }),
      'content-type': { type: 'string', const: 'application/json' },
      ...more,
      ...optional,
      muster_format: header(
        'The format that a reader must know. Later formats of the same number may have further fields.',
        {
          pattern: '^[0-9]+$',
        },
      ),
      muster_origin: header(
        'Internal: where the message lies in the change streams of its region. Absent if no relay published it.',
        {
          pattern: '^[0-9]+-[0-9]+ [^ ]+ [^ ]+ [^ ]+$',
        },
      ),
    },
  };
}

function example({ headers, value }: BusMessage) {
  return { headers, payload: JSON.parse(value) as unknown };
}

const ACCEPTED_MS = Date.UTC(2025, 10, 25, 12, 0, 0, 123);
const CHANGED_MS = ACCEPTED_MS - 250;
const VERSION = { at: CHANGED_MS, id: 'genesys-emea/9f1c-42' };
const EXAMPLE: AgentEvent = {
  eventId: VERSION.id,
  agentId: 'genesys-emea:9f1c',
  timestampMs: CHANGED_MS,
  region: 'eu-west-1',
  facets: { presence: { state: 'ON_DUTY', ...VERSION }, activity: { state: 'IDLE', ...VERSION } },
};
const PLAIN = {
  event_id: 'crm-8812',
  timestamp: 1764072000,
  agent_id: 'crm:42',
  status: 'AVAILABLE',
  region_source: 'eu-west-1',
};
const ORIGIN = {
  region: 'eu-west-1',
  domain: 'main',
  storeId: '5f0c1b9e-0a53-4a1e-8d55-1b7c9d2e4f60',
  position: '1764072000123-0',
};
const BEAT = {
  region: 'eu-west-1',
  domain: 'main',
  timestampMs: ACCEPTED_MS,
  beat: 1764072000120,
  writer: 'eu-west-1-1b7f03aa',
  steadyMs: 86_400_123.456,
  leaving: false,
  exchange: OLDEST_EXCHANGE,
};
const CONFLICT = {
  agent: 'genesys-emea:9f1c',
  kept: { fence: 1764071990001, call: 'call-17', region: 'eu-west-1' },
  lost: { fence: 1764071989000, call: 'call-18', region: 'us-east-1' },
  overlap: 'certain' as const,
};
const UNREADABLE = { key: 'crm:7', headers: {}, value: JSON.stringify({ event_id: 'crm-4', agent_id: 'crm:7' }) };
const CAUSE = {
  reason: '/timestamp is missing',
  region: 'eu-west-1',
  from: 'bus partition 3, 1764072000123-7',
  atMs: ACCEPTED_MS,
};
