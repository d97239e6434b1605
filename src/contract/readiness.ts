import { type Static, Type } from 'typebox';
import { closed } from '../agent/wire.ts';
import { Count, Name, OneOf } from './fields.ts';

const progress = {
  step: Type.String({ description: 'What is read just now, for people.' }),
  agents: Count('Agents read so far; their queues and skills may follow.'),
  about: Type.Optional(Count('How many agents there are, as far as the platform has said.')),
  for_ms: Count('How long it has taken, in ms.'),
};

export const FirstReading = Type.Object(progress, {
  ...closed,
  description: 'How far the first complete reading of the platform is; absent once there was one.',
});
export type FirstReading = Static<typeof FirstReading>;

export const HealthAnswer = Type.Object(
  { status: Type.Literal('ok'), region: Name('The region that the instance serves.') },
  { ...closed, $id: 'Health' },
);
export type HealthAnswer = Static<typeof HealthAnswer>;

export const ReadyAnswer = Type.Object(
  {
    status: OneOf(['ready', 'not ready'], 'Whether it takes work.'),
    obstacles: Type.Array(Type.String(), { description: 'What stands in the way; empty when ready.' }),
    reading: Type.Array(
      Type.Object({ connection: Name('Its name.'), ...progress }, { ...closed, description: 'One of them.' }),
      {
        description:
          'Connections homed here whose platform has not been read completely since an instance took it over. One that begins waits for them, for `freshness.staleMs` at most; when it is ready, those that it runs itself.',
      },
    ),
  },
  { ...closed, $id: 'Readiness' },
);
export type ReadyAnswer = Static<typeof ReadyAnswer>;
