import { type Static, Type } from 'typebox';
import { closed } from '../agent/wire.ts';
import { Count, Counts, Ms, MsSinceEpoch, Name, OneOf, orNull } from './fields.ts';
import { FirstReading } from './readiness.ts';

export const State = OneOf(
  ['fresh', 'suspect', 'stale', 'left'],
  'Freshness of the region. `left`: it has sent its leave message and counts as stale.',
);
export const AgeMs = orNull(Count('Age of the known state, in ms; null if unknown.'));
const ReadAgeMs = orNull(Ms('Time since the last full read of the platform ended, in ms; null before the first.'));
const Problem = Type.Optional(Type.String({ description: 'The current problem, in words.' }));

const SetAside = Type.Object(
  {
    count: Count('Number of items, counted since the start of each instance that set one aside within the last hour.'),
    last: orNull(
      Type.Object(
        {
          at: MsSinceEpoch('Time, in ms since the epoch.'),
          place: OneOf(
            ['bus', 'outbox', 'connection', 'reconciler', 'stream'],
            'Where it was found. Items of the first three are in the dead letters.',
          ),
          from: Type.String({ description: 'Position or connection.' }),
          key: Type.String({ description: 'What it was about, usually the id of an agent.' }),
          reason: Type.String({ description: 'The reason, in words.' }),
        },
        closed,
      ),
    ),
  },
  {
    ...closed,
    description:
      'Set-aside items: events, reports and records that failed for another reason than an outage. Nothing waits for them; an operator should look at them.',
  },
);

export const RegionReport = Type.Object(
  {
    region: Name('The answering region.'),
    instance: Name('The answering instance.'),
    regions: Type.Array(
      Type.Object(
        {
          region: Name('A region of the config.'),
          state: State,
          age_ms: AgeMs,
          reachable: Type.Boolean({ description: 'Whether its instances answer this instance.' }),
          rtt_ms: orNull(Ms('Round trip to the region, in ms; null while it does not answer.')),
          clock_offset_ms: orNull(
            Ms("How far its clock is ahead of this instance's, in ms; null before it has answered."),
          ),
          partitions: Type.Optional(
            Type.Array(
              Type.Object({ partition: Count('Partition of the bus.'), state: State, age_ms: AgeMs }, closed),
              {
                description:
                  'The same by partition of the bus; absent for the answering region, which is never behind.',
              },
            ),
          ),
        },
        closed,
      ),
    ),
    warnings: Type.Array(Type.String(), { description: 'Conditions that an operator should look at, in words.' }),
    shards: Type.Array(
      Type.Object(
        {
          address: Type.String({ description: 'Address of the master.' }),
          up: Type.Boolean({ description: 'Whether the shard answers.' }),
          refuses: Type.Optional(
            Type.String({ description: 'Why the shard refuses writes, in its own words; absent if it accepts them.' }),
          ),
          replicas: Count('Connected replicas.'),
          probe_ms: Ms('Duration of the last probe, in ms.'),
          clock_offset_ms: Ms("How far its clock is ahead of this instance's, in ms."),
        },
        closed,
      ),
      { description: "Shards of the region's store." },
    ),
    outbox: orNull(Count('Changes that wait to be published; null while they cannot be counted.')),
    bus_behind: orNull(
      Count('Messages of the bus that are not yet applied here; null while the bus does not report it.'),
    ),
    domains: Type.Array(
      Type.Object(
        {
          domain: Name('The name of the domain.'),
          outbox: orNull(Count('As above.')),
          oldest_age_ms: orNull(Count('Age of the oldest change that waits, in ms; 0 if none does.')),
          left_out: orNull(
            Count(
              'Changes of claims that other regions do not learn of, because too much waited, since the store was created.',
            ),
          ),
          relayed_here: Type.Boolean({
            description: 'Whether the instance that answers publishes the changes of the domain.',
          }),
        },
        closed,
      ),
    ),
    partitions: Type.Array(
      Type.Object(
        {
          partition: Count('Partition of the bus.'),
          bus_behind: orNull(Count('As above.')),
        },
        closed,
      ),
    ),
    set_aside: SetAside,
    connections: Type.Array(
      Type.Object(
        {
          connection: Name('The name of the connection.'),
          connected: Type.Boolean({ description: 'Whether live changes are received.' }),
          agents: Count('Number of agents.'),
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
    description: 'The state of all regions, of the store and of the bus, as this instance knows it.',
  },
);
export type RegionReport = Static<typeof RegionReport>;

const Alignment = Type.Object(
  {
    instance: Name('The instance that checked.'),
    at: MsSinceEpoch('End of the check, in ms since the epoch.'),
    took_ms: Ms('Duration in ms.'),
    records: Count('Records compared with their queue positions.'),
    members: Count('Members of queues compared with their records.'),
    repaired: Counts(['missing', 'misplaced', 'stuck', 'unavailable', 'ghost'], 'Index errors that were repaired.'),
  },
  { ...closed, description: 'The last index check of the domain in this region; null before the first.' },
);
export type AlignmentOfDomain = Static<typeof Alignment>;

const Ingest = Type.Object(
  {
    instance: orNull(Type.String({ description: 'The instance that runs the connection; null while none does.' })),
    health: orNull(
      Type.Object(
        {
          connected: Type.Boolean({ description: 'Whether live changes are received.' }),
          agents: Count('Number of agents.'),
          read_age_ms: ReadAgeMs,
          reading: Type.Optional(FirstReading),
          problem: Problem,
          cut: Type.Optional(
            Type.Object(
              {
                agents: Count('Agents of which something was cut.'),
                queues: Count('Queues that were left out.'),
                skills: Count('Skills that were left out.'),
                texts: Count('Names that were shortened.'),
              },
              {
                ...closed,
                description:
                  'Truncation: what of its agents exceeds the limits of a record (docs/limits.md); absent if everything fits.',
              },
            ),
          ),
          zoneless_times: Type.Optional(
            Count('Ignored times without a zone since the start; absent if there were none.'),
          ),
        },
        { ...closed, description: 'Reported by that instance within the last seconds; null before its first report.' },
      ),
    ),
    reconciliation: orNull(
      Type.Object(
        {
          at: MsSinceEpoch('End of the reconciliation, in ms since the epoch.'),
          took_ms: Ms('Duration in ms.'),
          checked: Count('Agents that were compared.'),
          differed: Count('Agents that differed.'),
          by_kind: Counts(
            ['profile', 'presence', 'interactions', 'activity', 'gone'],
            'Kind of difference; `gone`: the platform no longer has the agent.',
          ),
          overruled: Count('How often the platform overruled events in the store.'),
          failed: Type.Optional(Type.String({ description: 'Why it failed.' })),
        },
        { ...closed, description: 'The last reconciliation; null before the first.' },
      ),
    ),
  },
  { ...closed, description: 'Reported by the home of the connection, whichever of its instances is asked.' },
);
export type IngestReport = Static<typeof Ingest>;

const Connection = Type.Object(
  {
    connection: Name('The name of the connection: the prefix of the ids of its agents and queues.'),
    platform: Type.String({ description: '`genesys`, `cxone` or `events`' }),
    home: Name('The home of the connection.'),
    domain: Name('The domain of the connection.'),
    ingest: Type.Optional(Ingest),
  },
  closed,
);
export type ConnectionReport = Static<typeof Connection>;

export const ConnectionsReport = Type.Object(
  {
    region: Name('The answering region.'),
    instance: Name('The answering instance.'),
    connections: Type.Array(Connection, { description: 'All connections of the config.' }),
    domains: Type.Array(
      Type.Object({ domain: Name('The name of the domain.'), alignment: orNull(Alignment) }, closed),
      { description: 'Index checks: whether the queues of this region agree with its records.' },
    ),
  },
  {
    ...closed,
    $id: 'ConnectionsReport',
    description: 'The connections to platforms: their instances, their health and their last reconciliations.',
  },
);
export type ConnectionsReport = Static<typeof ConnectionsReport>;

export const BeatAnswer = Type.Object(
  {
    time_ms: Type.Number({ description: 'Wall clock, in ms.' }),
    beat: orNull(
      Type.Number({
        description:
          'A heartbeat sequence number of the region, taken for this answer; null if its store cannot be reached.',
      }),
    ),
    claim_keys: Type.Array(Type.String(), {
      description: 'Fingerprints of the keys that verify claim ids here; the first one signs.',
    }),
    stores: Type.Optional(
      Type.Record(Type.String(), Type.Record(Type.String(), Type.String()), {
        description: 'By other region and domain, the ids of the stores that were heard of just now.',
      }),
    ),
  },
  { ...closed, $id: 'Beat', description: 'The answer to a probe.' },
);
export type BeatAnswer = Static<typeof BeatAnswer>;

export const ConnectionPath = Type.Object({ connection: Name('The name of a connection of the config.') });

export const ReconcileAnswer = Type.Object(
  { connection: Name('The name of the connection.'), region: Name('The region that reads its platform.') },
  closed,
);
export type ReconcileAnswer = Static<typeof ReconcileAnswer>;
