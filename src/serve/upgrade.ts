import { EXCHANGE, type Exchange } from '../agent/exchange.ts';
import type { Config } from '../config/schema.ts';
import { domainsOf } from '../config/topology.ts';
import type { RedisStore } from '../store/redis/redis-store.ts';
import type { StoreFormat } from '../store/store.ts';
import { type InstanceNote, readInstances, WANTED } from '../sync/upkeep/versions.ts';

/** Where a region stands between two versions of Muster, as this version sees it: docs/upgrades.md. */
export interface UpgradeState {
  region: string;
  /** The formats that this version knows, the oldest first. */
  knows: { stores: readonly string[]; exchange: readonly number[] };
  instances: { name: string; note: InstanceNote | undefined }[];
  domains: (StoreFormat & { domain: string })[];
  /** The format that the operator wants the region to send. */
  wanted: number;
  /** The other regions as the region's instances see them; the worst of what they say. */
  peers: Peer[];
}

type Peer = Exchange & { region: string; state: string };

/** @throws ShardUnavailable */
export async function readUpgrade(store: RedisStore, config: Config): Promise<UpgradeState> {
  const { oldest, newest } = EXCHANGE;
  const instances = (await readInstances(store)).map(([name, note]) => ({ name, note }));
  const domains = domainsOf(config).map(async (domain) => ({ domain, ...(await store.conversion.state(domain)) }));
  const [wanted] = await store.notes.readSome('region', config.region, [WANTED]);
  const others = Object.keys(config.regions).filter((name) => name !== config.region);
  return {
    region: config.region,
    knows: { stores: store.conversion.formats, exchange: oldest === newest ? [newest] : [oldest, newest] },
    instances,
    domains: await Promise.all(domains),
    wanted: Number(wanted) || oldest,
    peers: others.map((region) => peerSeen(region, instances)),
  };
}

function peerSeen(region: string, instances: UpgradeState['instances']): Peer {
  const views = instances.flatMap(({ note }) => note?.peers[region] ?? []);
  return {
    region,
    state: views.find(({ state }) => state !== 'fresh')?.state ?? (views.length > 0 ? 'fresh' : 'unknown'),
    sends: Math.max(EXCHANGE.oldest, ...views.map(({ sends }) => sends)),
    reads: views.length > 0 ? Math.min(...views.map(({ reads }) => reads)) : EXCHANGE.oldest,
  };
}

const newestOf = ({ knows }: UpgradeState): { store: string; exchange: number } => ({
  store: knows.stores.at(-1) as string,
  exchange: knows.exchange.at(-1) as number,
});

/** Whether this version knows one format only, so that there is nothing to upgrade. */
export const knowsOneFormat = ({ knows }: UpgradeState): boolean =>
  knows.stores.length === 1 && knows.exchange.length === 1;

/** Why the stores cannot change to the newest format now, in words; empty if they can. */
export function whyNotStart(state: UpgradeState): string[] {
  const { store, exchange } = newestOf(state);
  return state.instances.flatMap(({ name, note }) => {
    if (!note) return [`${name} does not say which formats it knows: is it of an older version?`];
    const knowsAll = note.stores.includes(store) && note.exchange.reads >= exchange;
    return knowsAll ? [] : [`${name} (${note.version}) does not know the new formats`];
  });
}

/** Why the region cannot send the newest format to the others now, in words; empty if it can. */
export function whyNotFinish(state: UpgradeState): string[] {
  const { store, exchange } = newestOf(state);
  const stores = state.domains.flatMap(({ domain, format, mixed }) => {
    if (format !== store) return [`the store of domain "${domain}" has format ${format}: run \`muster upgrade start\``];
    return mixed === undefined ? [] : [`records of domain "${domain}" are still being converted to format ${format}`];
  });
  const peers = state.peers.flatMap(({ region, state: seen, reads }) => {
    if (seen !== 'fresh') return [`${region} is ${seen}, so nobody knows what it reads`];
    return reads >= exchange ? [] : [`${region} reads formats up to ${reads}: upgrade all its instances first`];
  });
  return [...whyNotStart(state), ...stores, ...peers];
}

/** Why an instance of the version before may not start now, in words; empty if it may. */
export function whyNotOlder(state: UpgradeState): string[] {
  const [store, exchange] = [state.knows.stores[0], EXCHANGE.oldest];
  const stores = state.domains.flatMap(({ domain, format, mixed }) => {
    if (format !== store) return [`the store of domain "${domain}" has format ${format}`];
    return mixed === undefined ? [] : [`records of domain "${domain}" are still being converted to format ${format}`];
  });
  const sends = state.instances.some(({ note }) => (note?.exchange.sends ?? exchange) > exchange);
  const peers = state.peers.flatMap(({ region, sends: theirs }) =>
    theirs > exchange ? [`${region} sends format ${theirs}: run \`muster upgrade back\` there, too`] : [],
  );
  const own = state.wanted > exchange || sends ? [`${state.region} sends format ${EXCHANGE.newest}`] : [];
  return [...stores, ...own, ...peers];
}

/** The next step, in one sentence. */
export function nextStep(state: UpgradeState): string {
  const { region, domains, wanted } = state;
  const { store, exchange } = newestOf(state);
  if (knowsOneFormat(state))
    return `${region}: this version of Muster knows one format, so there is nothing to upgrade.`;
  const older = domains.filter(({ format }) => format !== store);
  if (older.length > 0) {
    const why = whyNotStart(state);
    const may = why.length === 0 ? '`muster upgrade start` changes that' : 'its instances are not all new yet';
    return `${region}: ${older.length} of ${domains.length} stores have the older format; ${may}.`;
  }
  if (domains.some(({ mixed }) => mixed !== undefined))
    return `${region}: records are being converted to format ${store}.`;
  if (wanted < exchange) {
    const why = whyNotFinish(state);
    const may = why.length === 0 ? '`muster upgrade finish` ends the upgrade' : 'other regions are not ready yet';
    return `${region}: all stores have format ${store}; ${may}.`;
  }
  return `${region}: the upgrade is finished: stores have format ${store}, and other regions get format ${exchange}.`;
}
