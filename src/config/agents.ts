import { Type } from 'typebox';
import { closed, Name } from './fields.ts';

const Unknown = Type.Object(
  {
    accept: Type.Boolean({
      default: false,
      description:
        'Whether anything is taken of agents whose id names no connection; the same in all regions. If not, `POST /v1/events` refuses their events, messages of the bus about them become dead letters, and nobody is given them.',
    }),
    home: Type.Optional(
      Name(
        'The region that grants them; needed where they are accepted, and the same in all regions: of regions that each name themselves every one would give the agent away.',
      ),
    ),
  },
  { ...closed, default: {}, description: 'Agents whose id names no connection.' },
);

export const Agents = Type.Object(
  {
    unknown: Unknown,
    forgetAfterDays: Type.Integer({
      default: 30,
      minimum: 1,
      maximum: 3650,
      description:
        'Days after which an agent is forgotten of whom nobody has spoken, who is offline, and whom no platform lists. So long again it is remembered that they were forgotten; the same in all regions.',
    }),
  },
  { ...closed, default: {}, description: 'Whom the regions know, beside what the connections say.' },
);
