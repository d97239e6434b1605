import { Type } from 'typebox';

/** Payload schemas of heartbeats and claim conflicts, for docs/asyncapi.yaml. Agent changes use {@link EventPayload}. */
const Word = (description: string) => Type.String({ minLength: 1, maxLength: 200, description });
const EpochMs = (description: string) =>
  Type.Integer({ minimum: 0, description: `${description}, in ms since the epoch.` });

export const HeartbeatPayload = Type.Object(
  {
    event_id: Word('`region/domain/partition/beat`.'),
    timestamp: EpochMs('When it was written, by the writer’s wall clock; for operators only'),
    region_source: Word('The region that sent it.'),
    domain: Word('The domain that it is about.'),
    beat: Type.Integer({ minimum: 1, description: 'Grows from each heartbeat of the region to the next.' }),
    writer: Word('The instance that wrote it.'),
    steady_ms: Type.Number({ description: 'The writer’s monotonic clock, in ms.' }),
    formats: Type.Object(
      {
        sends: Type.Integer({
          minimum: 1,
          description: 'No later message has a newer format, until a later heartbeat names it.',
        }),
        reads: Type.Integer({ minimum: 1, description: 'The newest format that all instances of the region read.' }),
      },
      { additionalProperties: false, description: 'The formats of messages that the region sends and reads.' },
    ),
    leaving: Type.Optional(Type.Boolean({ description: 'Whether the region’s last instance stops.' })),
  },
  {
    additionalProperties: false,
    description:
      'Everything that the region had accepted for this domain and partition when it was written lies before it. The key is the number of the partition.',
  },
);

const Side = (description: string) =>
  Type.Object(
    {
      fence: Type.Integer({ minimum: 1, description: 'The claim’s fence: higher for later claims on the agent.' }),
      call: Type.String({ maxLength: 200, description: 'The call that the agent was claimed for.' }),
      region: Word('The region that granted it.'),
    },
    { additionalProperties: false, description },
  );

export const ConflictPayload = Type.Object(
  {
    event_id: Type.String({ description: '`agent/conflict/fence kept/fence lost`.' }),
    timestamp: EpochMs('When the conflict was found'),
    agent_id: Word('The agent.'),
    region_source: Word('The agent’s home, which found the conflict.'),
    kept: Side('The claim that stands.'),
    lost: Side('The claim that does not.'),
    overlap: Type.Enum(['certain', 'possible'], {
      description: 'Whether both claims certainly held the agent at one moment.',
    }),
  },
  {
    additionalProperties: false,
    description: 'Two regions granted one agent. For other applications; Muster ignores it.',
  },
);
