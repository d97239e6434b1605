import { type Static, Type } from 'typebox';
import { closed } from '../agent/wire.ts';
import { Count, Name, OneOf } from './fields.ts';

const progress = {
  step: Type.String({ description: 'What is being read now, for people.' }),
  agents: Count('Agents read so far; their queues and skills may follow.'),
  about: Type.Optional(Count('Number of agents, if the platform has reported it.')),
  for_ms: Count('Time so far, in ms.'),
};

export const FirstReading = Type.Object(progress, {
  ...closed,
  description: 'Progress of the first full read of the platform; absent once it is complete.',
});
export type FirstReading = Static<typeof FirstReading>;

export const HealthAnswer = Type.Object(
  {
    status: Type.Literal('ok'),
    region: Name('The region of the instance.'),
    version: Type.String({ description: 'Semantic version of Muster.' }),
    revision: Type.String({
      description: 'Git revision, ending in `-dirty` if files differed from it; `unknown` if nothing records it.',
    }),
    built_at: Type.Optional(
      Type.String({ description: 'When the package was built, ISO 8601; absent if Muster runs from its sources.' }),
    ),
  },
  { ...closed, $id: 'Health' },
);
export type HealthAnswer = Static<typeof HealthAnswer>;

export const ReadyAnswer = Type.Object(
  {
    status: OneOf(['ready', 'not ready'], 'Whether the instance takes work.'),
    obstacles: Type.Array(Type.String(), { description: 'Reasons why it is not ready; empty if it is.' }),
    reading: Type.Array(
      Type.Object(
        { connection: Name('The name of the connection.'), ...progress },
        { ...closed, description: 'A connection.' },
      ),
      {
        description:
          'Connections homed here whose platform has not been read completely since an instance took it over. While the instance starts, those that it waits for, for `freshness.staleMs` at most; once it is ready, those that it runs itself.',
      },
    ),
  },
  { ...closed, $id: 'Readiness' },
);
export type ReadyAnswer = Static<typeof ReadyAnswer>;
