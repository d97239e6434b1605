import { load, scripts } from '../../src/store/redis/scripts.ts';
import type { Passing } from './wire.ts';

/*
 * What the commands of an instance are called here, and which of them are on the write path.
 */

const ofBus = new URL('../../src/bus/redis-streams/scripts/', import.meta.url);
/** Of every format of a store. */
const OF_STORE = Object.values(scripts).flatMap((script) =>
  'byFormat' in script ? [...script.byFormat.values()] : [script],
);
const OF_BUS = ['publish', 'advance', 'partitions'].map((name) => load(name, ofBus));
/** Names by hash and by text. */
const SCRIPTS = new Map(
  [...OF_STORE, ...OF_BUS].flatMap(({ name, sha, lua }) => [
    [sha, name],
    [lua, name],
  ]),
);
/** Arguments of `unpublished` that passes nothing. */
const READS_ONLY = 2;

/** The name of a command: of its script, or of what it is for. `WAIT` is named after the script that it follows. */
export function nameOf({ command, before }: Pick<Passing, 'command' | 'before'>): string {
  const [verb = '', first = '', ...more] = command;
  const keys = Number(more[0]);
  switch (verb.toUpperCase()) {
    case 'EVAL':
    case 'EVALSHA': {
      const name = SCRIPTS.get(first) ?? 'unknown script';
      if (name === 'unpublished') return more.length - 1 - keys === READS_ONLY ? 'outbox-read' : 'outbox-pass';
      return name === 'publish' && command.join().includes('muster.region.heartbeat') ? 'publish-heartbeat' : name;
    }
    case 'WAIT':
      return before.length > 0 ? `${nameOf({ command: before, before: [] })}.wait` : 'wait';
    case 'XREAD':
      return 'bus-read';
    case 'HSET':
      return /^\w+/.exec(first)?.[0] === 'region' ? 'heartbeat-mark' : (/^\w+/.exec(first)?.[0] ?? 'hset');
    case 'PUBLISH':
      return 'signal';
    default:
      return verb.toLowerCase();
  }
}

/** What the relay does for each change. */
const RELAYED = ['outbox-read', 'outbox-read.wait', 'publish', 'outbox-pass', 'outbox-pass.wait'];

/** The write path of each thing that happens, in the order of its commands. */
export const LANES = {
  event: ['commit', 'commit.wait', ...RELAYED],
  claim: ['claim', 'claim.wait', ...RELAYED],
  settle: ['settle', 'settle.wait', ...RELAYED],
  apply: ['bus-read', 'commit', 'commit.wait', 'positions', 'advance'],
  heartbeat: ['beat', 'outbox-read', 'outbox-read.wait', 'publish-heartbeat', 'heartbeat-mark'],
} as const satisfies Record<string, readonly string[]>;
export type Lane = keyof typeof LANES;

/**
 * What happens beside any write path: connections, probes, leases, upkeep and reading. `affirm` writes a record again as it is, when
 * a step is repeated.
 */
export const BESIDE: ReadonlySet<string> = new Set(
  [
    'hello auth client ping cluster script subscribe readonly role time set get signal exists pttl mget info memory',
    'hget hmget hgetall hlen hscan zcard zscore zrange zrangebylex zcount zscan xlen xrange xrevrange scan sscan smembers',
    'lease leave partitions budget throttle read find waiting lapsed sweep align align-skill convert converted domain instance pexpire affirm affirm.wait',
  ].flatMap((names) => names.split(' ')),
);

/** What an instance says at any time, whatever is written: its own lane, and reading the bus. */
export const AT_ANY_TIME: ReadonlySet<string> = new Set([
  ...LANES.heartbeat,
  ...['outbox-pass', 'outbox-pass.wait', 'bus-read', 'advance', 'positions'],
]);

/** A place on the write path, by name: `claim:publish:answered`. */
export interface Point {
  lane: Lane;
  command: string;
  direction: Passing['direction'];
}

export const pointName = ({ lane, command, direction }: Point): string => `${lane}:${command}:${direction}`;

export const POINTS: readonly Point[] = (Object.keys(LANES) as Lane[]).flatMap((lane) =>
  LANES[lane].flatMap((command) => (['sent', 'answered'] as const).map((direction) => ({ lane, command, direction }))),
);
