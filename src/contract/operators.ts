import { type Static, Type } from 'typebox';
import { closed } from '../agent/wire.ts';
import { Count, Counts, Ms, MsSinceEpoch, Name, OneOf, orNull } from './fields.ts';
import { FirstReading } from './readiness.ts';

export const State = OneOf(['fresh', 'suspect', 'stale', 'left'], '`left`: it has said good-bye, and counts as stale.');
export const AgeMs = orNull(Count('How old what is known may be, in ms; null where nothing is proven.'));
const ReadAgeMs = orNull(
  Ms('How long ago the last complete reading of the platform ended, in ms; null before the first.'),
);
const Problem = Type.Optional(Type.String({ description: 'What stands in the way, in words.' }));

const SetAside = Type.Object(
  {
    count: Count('By the instances of the region that did so within the last hour, since they started.'),
    last: orNull(
      Type.Object(
        {
          at: MsSinceEpoch('When, ms since the epoch.'),
          place: OneOf(
            ['bus', 'outbox', 'connection', 'reconciler', 'stream'],
            'Where it was met. Messages of the first three are in the dead letters.',
          ),
          from: Type.String({ description: 'More exactly: the position, the connection.' }),
          key: Type.String({ description: 'Whose it was: the id of an agent, as a rule.' }),
          reason: Type.String({ description: 'What was wrong, in words.' }),
        },
        closed,
      ),
    ),
  },
  {
    ...closed,
    description:
      'What could not be read or done for any reason but an outage. Nothing waits for it; somebody should look.',
  },
);

export const RegionReport = Type.Object(
  {
    region: Name('The region that answers.'),
    instance: Name('The instance that answers.'),
    regions: Type.Array(
      Type.Object(
        {
          region: Name('One region of the config.'),
          state: State,
          age_ms: AgeMs,
          reachable: Type.Boolean({ description: 'Whether its instances answer this one.' }),
          rtt_ms: orNull(Ms('The round trip to it, in ms; null while it does not answer.')),
          clock_offset_ms: orNull(Ms("How far its clock is ahead of this instance's; null before it has answered.")),
          partitions: Type.Optional(
            Type.Array(Type.Object({ partition: Count('Of the bus.'), state: State, age_ms: AgeMs }, closed), {
              description: 'The same by partition of the bus; not of the region itself, which is never behind.',
            }),
          ),
        },
        closed,
      ),
    ),
    warnings: Type.Array(Type.String(), { description: 'What somebody should look at, in words.' }),
    shards: Type.Array(
      Type.Object(
        {
          address: Type.String({ description: 'Of the master.' }),
          up: Type.Boolean({ description: 'Whether it answers.' }),
          refuses: Type.Optional(
            Type.String({ description: 'Why it refuses to write, in its own words; absent while it does not.' }),
          ),
          replicas: Count('Connected to it.'),
          probe_ms: Ms('How long it took to answer last, in ms.'),
          clock_offset_ms: Ms("How far its clock is ahead of this instance's."),
        },
        closed,
      ),
      { description: "The masters of the region's store." },
    ),
    outbox: orNull(Count('Events that wait for the bus; null while they cannot be counted.')),
    bus_behind: orNull(Count('Messages of the bus not yet applied here; null while the bus does not say.')),
    partitions: Type.Array(
      Type.Object(
        { partition: Count('Of the bus.'), outbox: orNull(Count('As above.')), bus_behind: orNull(Count('As above.')) },
        closed,
      ),
    ),
    set_aside: SetAside,
    connections: Type.Array(
      Type.Object(
        {
          connection: Name('Of the config.'),
          connected: Type.Boolean({ description: 'Whether live changes are flowing.' }),
          agents: Count('How many it has.'),
          read_age_ms: ReadAgeMs,
          problem: Problem,
        },
        closed,
      ),
      { description: 'The platform connections that this instance runs.' },
    ),
  },
  {
    ...closed,
    $id: 'RegionReport',
    description: 'What an operator looks at first: who is fresh, who answers, what waits.',
  },
);
export type RegionReport = Static<typeof RegionReport>;

const Alignment = Type.Object(
  {
    instance: Name('The one that checked.'),
    at: MsSinceEpoch('When the check ended, ms since the epoch.'),
    took_ms: Ms('How long it took.'),
    records: Count('Records compared with their places.'),
    members: Count('Members of queues compared with their records.'),
    repaired: Counts(
      ['missing', 'misplaced', 'stuck', 'unavailable', 'ghost'],
      'What was wrong and has been put right.',
    ),
  },
  { ...closed, description: 'The last check of the domain in this region; null before the first.' },
);
export type AlignmentOfDomain = Static<typeof Alignment>;

const Ingest = Type.Object(
  {
    instance: orNull(Type.String({ description: 'The instance that runs the connection; null while none does.' })),
    health: orNull(
      Type.Object(
        {
          connected: Type.Boolean({ description: 'Whether live changes are flowing.' }),
          agents: Count('How many it has.'),
          read_age_ms: ReadAgeMs,
          reading: Type.Optional(FirstReading),
          problem: Problem,
          cut: Type.Optional(
            Type.Object(
              {
                agents: Count('Agents of whom something is cut.'),
                queues: Count('Queues left out.'),
                skills: Count('Skills left out.'),
                texts: Count('Names shortened.'),
              },
              {
                ...closed,
                description: 'What of its agents does not fit into a record (docs/limits.md); absent where all fits.',
              },
            ),
          ),
          zoneless_times: Type.Optional(
            Count('Times without a zone that came since the start, and were not read; absent where none did.'),
          ),
        },
        { ...closed, description: 'As that instance told within the last seconds; null before it did.' },
      ),
    ),
    reconciliation: orNull(
      Type.Object(
        {
          at: MsSinceEpoch('When it ended, ms since the epoch.'),
          took_ms: Ms('How long it took.'),
          checked: Count('Agents compared.'),
          differed: Count('Agents of whom something differed.'),
          by_kind: Counts(
            ['profile', 'presence', 'interactions', 'activity', 'gone'],
            'What differed; `gone`: the platform does not have the agent any more.',
          ),
          overruled: Count('How often the platform overruled what the store had heard.'),
          failed: Type.Optional(Type.String({ description: 'Why it ended early.' })),
        },
        { ...closed, description: 'The last reading that was compared with the store; null before the first.' },
      ),
    ),
  },
  { ...closed, description: 'Told by the region that ingests the connection, whichever instance is asked.' },
);
export type IngestReport = Static<typeof Ingest>;

const Connection = Type.Object(
  {
    connection: Name('Its name: the prefix of the ids of its agents and queues.'),
    platform: Type.String({ description: '`genesys`, `cxone`, `events`' }),
    home: Name('The region that ingests it.'),
    domain: Name('The pool of agents that it belongs to.'),
    ingest: Type.Optional(Ingest),
  },
  closed,
);
export type ConnectionReport = Static<typeof Connection>;

export const ConnectionsReport = Type.Object(
  {
    region: Name('The region that answers.'),
    instance: Name('The instance that answers.'),
    connections: Type.Array(Connection, { description: 'All of the config.' }),
    domains: Type.Array(
      Type.Object({ domain: Name('A pool of agents and queues.'), alignment: orNull(Alignment) }, closed),
      { description: 'Whether the queues of this region agree with its records.' },
    ),
  },
  {
    ...closed,
    $id: 'ConnectionsReport',
    description: 'The accounts on platforms: who reads them, how that goes, what was found.',
  },
);
export type ConnectionsReport = Static<typeof ConnectionsReport>;

export const BeatAnswer = Type.Object(
  {
    time_ms: Type.Number({ description: 'Wall time, ms.' }),
    beat: orNull(
      Type.Number({
        description: 'A beat of the region, taken for this answer; null where its store cannot be reached.',
      }),
    ),
    claim_keys: Type.Array(Type.String(), {
      description: 'Fingerprints of the keys that ids of claims are known by here; the first one signs.',
    }),
  },
  { ...closed, $id: 'Beat', description: 'What a region answers to a probe.' },
);
export type BeatAnswer = Static<typeof BeatAnswer>;

export const ConnectionPath = Type.Object({ connection: Name('The name of a connection of the config.') });

export const ReconcileAnswer = Type.Object(
  { connection: Name('Its name.'), region: Name('The region that reads its platform.') },
  closed,
);
export type ReconcileAnswer = Static<typeof ReconcileAnswer>;
