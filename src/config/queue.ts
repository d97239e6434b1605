import { Type } from 'typebox';
import { closed, MAIN, NAME, Name } from './fields.ts';

const WrapUp = Type.Object(
  {
    rule: Type.Enum(['none', 'timed', 'manual'], {
      default: 'none',
      description:
        '`none`: free at once. `timed`: free after `seconds`. `manual`: free when released or when the platform reports idle, after 1 h at most.',
    }),
    seconds: Type.Integer({ default: 0, minimum: 0, maximum: 3600, description: 'Duration of a `timed` wrap-up.' }),
  },
  { ...closed, default: {}, description: 'Wrap-up after an interaction of this queue.' },
);

const SkilledAgents = Type.Object(
  {
    connection: Name('A connection of the domain.'),
    skill: Type.String({ minLength: 1, maxLength: 100, description: 'Name of a skill or language of its agents.' }),
    level: Type.Integer({ default: 0, minimum: 0, maximum: 100, description: 'Lowest level that counts.' }),
  },
  { ...closed, description: 'All agents of a connection who have a skill.' },
);

export const Queue = Type.Object(
  {
    domain: Name('The domain of every queue it unites.', { default: MAIN }),
    unites: Type.Array(
      Type.String({ pattern: `^${NAME}:.{1,135}$`, title: 'a platform queue, `{connection}:{queue id}`' }),
      {
        default: [],
        minItems: 0,
        maxItems: 200,
        description: 'Platform queues, as `{connection}:{queue id}`; on NICE CXone a skill is a queue.',
      },
    ),
    withSkill: Type.Array(SkilledAgents, {
      default: [],
      minItems: 0,
      maxItems: 200,
      description: 'Agents with a skill or language, as `{connection, skill, level}`.',
    }),
    wrapUp: WrapUp,
  },
  { ...closed, description: 'One virtual queue. Its name is the id that callers use.' },
);
