import { type Static, Type } from 'typebox';
import { closed } from '../agent/wire.ts';
import { AgentAnswer } from './agents.ts';
import { ClaimAnswer } from './claims.ts';
import { Name, OneOf } from './fields.ts';
import { AgeMs, State } from './operators.ts';

/** What a stream tells of. */
export const TOLD = ['agent', 'claim', 'region'] as const;
export type StreamTopic = (typeof TOLD)[number];

/** `data` of an event `agent`: the agent as known when it was sent. */
export const AgentChange = AgentAnswer;

const { agent: _agent, replicated: _replicated, explanation: _explanation, ...moved } = ClaimAnswer.properties;

export const ClaimChange = Type.Object(moved, {
  ...closed,
  $id: 'ClaimChange',
  description: 'A claim that was granted or has moved on: `data` of an event `claim`.',
});
export type ClaimChange = Static<typeof ClaimChange>;

export const RegionChange = Type.Object(
  {
    region: Name('One region of the config.'),
    state: State,
    age_ms: AgeMs,
    reachable: Type.Boolean({ description: 'Whether its instances answer this one.' }),
  },
  {
    ...closed,
    $id: 'RegionChange',
    description: 'How a region is, as the instance sees it that sends this: `data` of an event `region`.',
  },
);
export type RegionChange = Static<typeof RegionChange>;

export const Reset = Type.Object(
  { why: OneOf(['gone'], '`gone`: what followed the last event that you saw is not known any more.') },
  { ...closed, $id: 'Reset', description: 'Read everything anew, and go on: `data` of an event `reset`.' },
);

export const StreamQuery = Type.Object(
  {
    events: Type.Optional(
      Type.String({
        pattern: `^(${TOLD.join('|')})(,(${TOLD.join('|')}))*$`,
        description: 'What to tell of, of `agent`, `claim`, `region`, with commas between; everything if left out.',
      }),
    ),
    home: Type.Optional(Name('Only agents of this home, and claims on them.')),
  },
  closed,
);
export type StreamQuery = Static<typeof StreamQuery>;

export const StreamText = Type.Unsafe<string>({
  type: 'string',
  description:
    'Server-sent events. `data` is JSON: of `agent` the schema `Agent`, of `claim` the fields of `Claim` but for its agent, of ' +
    '`region` the region, its `state`, `age_ms` and `reachable`, of `reset` the reason in `why`; of `draining` it is empty.',
});
