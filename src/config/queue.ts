import { Type } from 'typebox';
import { closed, MAIN, NAME, Name } from './fields.ts';

const WrapUp = Type.Object(
  {
    rule: Type.Enum(['none', 'timed', 'manual'], {
      default: 'none',
      description:
        '`none`: free at once. `timed`: after `seconds`. `manual`: when released or the platform says idle, after 1 h at most.',
    }),
    seconds: Type.Integer({ default: 0, minimum: 0, maximum: 3600, description: 'How long a `timed` wrap-up lasts.' }),
  },
  { ...closed, default: {}, description: 'What an agent does after an interaction of this queue.' },
);

const SkilledAgents = Type.Object(
  {
    connection: Name('A connection of the domain.'),
    skill: Type.String({ minLength: 1, maxLength: 100, description: 'A skill or language of its agents, by name.' }),
    level: Type.Integer({ default: 0, minimum: 0, maximum: 100, description: 'The least level that counts.' }),
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
      description: 'Agents who have a skill or speak a language, as `{connection, skill, level}`.',
    }),
    wrapUp: WrapUp,
  },
  { ...closed, description: 'One virtual queue. Its name is the id that callers use.' },
);
