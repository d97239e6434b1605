import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { EXCHANGE } from '../../agent/exchange.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../ops/clock.ts';
import { createLog } from '../../ops/log.ts';
import type { RedisStore } from '../../store/redis/redis-store.ts';
import { WANTED } from '../../sync/upkeep/versions.ts';
import { complaint } from '../reports/complaint.ts';
import { openStore } from '../store.ts';
import {
  knowsOneFormat,
  nextStep,
  readUpgrade,
  type UpgradeState,
  whyNotFinish,
  whyNotOlder,
  whyNotStart,
} from '../upgrade.ts';

const DONE = 0;
const REFUSED = 1;
const UNKNOWN = 2;
/** How long `back` waits until all instances send the older format, in ms. */
const TURNED_LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 500;

interface Flags {
  config: string;
  json?: true;
}

type Work = (store: RedisStore, config: Config, flags: Flags) => Promise<number>;

/** `muster upgrade`. Exit code 0: done. 1: refused, or to be repeated. 2: the region's cluster cannot be reached. */
export function upgradeCommand(): Command {
  const subcommand = (name: string, description: string, work: Work) =>
    new Command(name)
      .description(description)
      .requiredOption('--config <file>', 'the YAML file that describes the region')
      .action(async (flags: Flags) => {
        process.exitCode = await run(name, flags, work);
      });
  return new Command('upgrade')
    .description('move a region from one version of Muster to the next, or back, without a pause: docs/upgrades.md')
    .addCommand(
      subcommand('status', 'say where the region stands, and what comes next; changes nothing', status).option(
        '--json',
        'print it as JSON',
      ),
    )
    .addCommand(subcommand('start', 'write records in the new format, once all instances of the region are new', start))
    .addCommand(subcommand('finish', 'send the new format to the other regions, once all regions read it', finish))
    .addCommand(
      subcommand('back', 'return to the older formats, so that instances of the version before can start', back),
    );
}

async function run(name: string, flags: Flags, work: Work): Promise<number> {
  let store: RedisStore | undefined;
  try {
    const config = await loadConfig(flags.config);
    store = await openStore(config, systemClock, createLog('silent', config.region, 'muster-upgrade'));
    return await work(store, config, flags);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(complaint(`muster upgrade ${name}`, error));
    return UNKNOWN;
  } finally {
    await store?.close();
  }
}

const status: Work = async (store, config, { json }) => {
  const state = await readUpgrade(store, config);
  const older = whyNotOlder(state);
  if (json) {
    const told = { next: nextStep(state), ...state, older_may_start: older.length === 0, older_may_not_because: older };
    console.log(JSON.stringify(told, undefined, 2));
  } else {
    for (const line of described(state, older)) console.log(line);
  }
  return DONE;
};

const start: Work = async (store, config) => {
  const state = await readUpgrade(store, config);
  return unlessRefused('start', state, whyNotStart(state), () => flipAll(store, state, 'newest'));
};

const finish: Work = async (store, config) => {
  const state = await readUpgrade(store, config);
  return unlessRefused('finish', state, whyNotFinish(state), async () => {
    await want(store, config, EXCHANGE.newest);
    console.log(`${config.region} sends format ${EXCHANGE.newest} to the other regions within a few seconds.`);
    return DONE;
  });
};

const back: Work = async (store, config) => {
  const state = await readUpgrade(store, config);
  return unlessRefused('back', state, [], async () => {
    await want(store, config, EXCHANGE.oldest);
    if (!(await haveTurned(store, config))) {
      const after = `after ${TURNED_LIMIT_MS / 1000} s not all instances send the older format`;
      console.error(`muster upgrade back: ${after}: run it again; the stores were not changed`);
      return REFUSED;
    }
    const code = await flipAll(store, state, 'oldest');
    if (code === DONE) console.log('Instances of the version before may start when `muster upgrade status` says so.');
    return code;
  });
};

/** Does the work if nothing speaks against it; else says what does. */
async function unlessRefused(
  name: string,
  state: UpgradeState,
  reasons: string[],
  work: () => Promise<number>,
): Promise<number> {
  const all = knowsOneFormat(state) ? ['this version of Muster knows one format only'] : reasons;
  if (all.length === 0) return work();
  for (const reason of all) console.error(`muster upgrade ${name}: ${reason}`);
  return REFUSED;
}

const want = (store: RedisStore, { region }: Config, format: number): Promise<void> =>
  store.notes.write('region', region, { [WANTED]: String(format) });

/** Whether all instances soon send the older format. */
async function haveTurned(store: RedisStore, config: Config): Promise<boolean> {
  const until = systemClock.monotonicMs() + TURNED_LIMIT_MS;
  while (systemClock.monotonicMs() < until) {
    const { instances } = await readUpgrade(store, config);
    if (instances.every(({ note }) => (note?.exchange.sends ?? EXCHANGE.oldest) === EXCHANGE.oldest)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/** Changes the format of all stores. A store that has it already is left alone. */
async function flipAll(store: RedisStore, { domains }: UpgradeState, to: 'newest' | 'oldest'): Promise<number> {
  let code = DONE;
  for (const { domain } of domains) {
    const flipped = await store.conversion.flip(domain, to);
    const { format } = await store.conversion.state(domain);
    const notYet = flipped.match({
      acknowledged: () => false,
      noReplicaConfigured: () => false,
      notAcknowledged: () => true,
    });
    if (notYet) {
      console.error(
        `muster upgrade: domain "${domain}": no replica has the change to format ${format} yet: run it again`,
      );
      code = REFUSED;
    } else console.log(`domain "${domain}" has format ${format}; its records follow in the background.`);
  }
  return code;
}

function described(state: UpgradeState, older: string[]): string[] {
  const stores = state.domains.map(({ domain, format, mixed }) => {
    const rest = mixed === undefined ? '' : `, records of format ${mixed} are being converted`;
    return [domain, `format ${format}${rest}`];
  });
  const instances = state.instances.map(({ name, note }) => [
    name,
    note
      ? `${note.version}, knows store format ${note.stores.join(' and ')}; sends ${note.exchange.sends}, reads up to ${note.exchange.reads}`
      : 'says nothing of itself',
  ]);
  const peers = state.peers.map(({ region, state: seen, sends, reads }) => [
    region,
    `${seen}; sends ${sends}, reads up to ${reads}`,
  ]);
  return [
    nextStep(state),
    ...table('stores', stores),
    ...table('instances', instances),
    ...table('other regions', peers),
    ...(knowsOneFormat(state) ? [] : [mayOlderStart(older)]),
  ];
}

const mayOlderStart = (older: string[]): string =>
  older.length === 0
    ? 'An instance of the version before may start.'
    : `An instance of the version before may not start: ${older.join('; ')}.`;

function table(title: string, rows: (string | undefined)[][]): string[] {
  const width = Math.max(0, ...rows.map(([name = '']) => name.length));
  return rows.length === 0 ? [] : [title, ...rows.map(([name = '', text = '']) => `  ${name.padEnd(width)}  ${text}`)];
}
