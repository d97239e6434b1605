import { Type } from 'typebox';
import { closed, Name } from './fields.ts';

const Unknown = Type.Object(
  {
    accept: Type.Boolean({
      default: false,
      description:
        'Whether agents whose id names no connection are accepted; the same in all regions. If false, `POST /v1/events` refuses their events, bus messages about them become dead letters, and they cannot be claimed.',
    }),
    home: Type.Optional(
      Name(
        'Home of these agents, required with `accept`. The same in all regions: if each region named itself, every one would grant claims on the same agent.',
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
        'Days without any event after which an offline agent that no platform lists is forgotten. The tombstone is kept for as long again. The same in all regions.',
    }),
  },
  { ...closed, default: {}, description: 'Which agents the regions keep, in addition to those of the connections.' },
);
