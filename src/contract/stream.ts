import { type Static, Type } from 'typebox';
import { closed } from '../agent/wire.ts';
import { AgentAnswer } from './agents.ts';
import { ClaimAnswer } from './claims.ts';
import { Name, OneOf } from './fields.ts';
import { AgeMs, State } from './operators.ts';

/** Events of a stream. */
export const STREAM_TOPICS = ['agent', 'claim', 'region'] as const;
export type StreamTopic = (typeof STREAM_TOPICS)[number];

/** `data` of an event `agent`: the agent as known when the event was sent. */
export const AgentChange = AgentAnswer;

const { agent: _agent, replicated: _replicated, explanation: _explanation, ...moved } = ClaimAnswer.properties;

export const ClaimChange = Type.Object(moved, {
  ...closed,
  $id: 'ClaimChange',
  description: 'A claim that was granted or changed: `data` of an event `claim`.',
});
export type ClaimChange = Static<typeof ClaimChange>;

export const RegionChange = Type.Object(
  {
    region: Name('A region of the config.'),
    state: State,
    age_ms: AgeMs,
    reachable: Type.Boolean({ description: 'Whether its instances answer this instance.' }),
  },
  {
    ...closed,
    $id: 'RegionChange',
    description: 'The state of a region, as the sending instance sees it: `data` of an event `region`.',
  },
);
export type RegionChange = Static<typeof RegionChange>;

export const Reset = Type.Object(
  { why: OneOf(['gone'], '`gone`: the events after your last event are no longer known.') },
  { ...closed, $id: 'Reset', description: 'Read everything again, then continue: `data` of an event `reset`.' },
);

export const StreamQuery = Type.Object(
  {
    events: Type.Optional(
      Type.String({
        pattern: `^(${STREAM_TOPICS.join('|')})(,(${STREAM_TOPICS.join('|')}))*$`,
        description: 'Events to send: `agent`, `claim`, `region`, comma-separated; all if left out.',
      }),
    ),
    home: Type.Optional(Name('Only agents with this home, and claims on them.')),
  },
  closed,
);
export type StreamQuery = Static<typeof StreamQuery>;

export const StreamText = Type.Unsafe<string>({
  type: 'string',
  description:
    'Server-sent events. `data` is JSON. `agent`: the schema `Agent`; `claim`: the fields of `Claim` without `agent`; ' +
    '`region`: `region`, `state`, `age_ms` and `reachable`; `reset`: the reason in `why`; `draining`: an empty object.',
});
