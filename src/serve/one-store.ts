import { setTimeout as sleep } from 'node:timers/promises';
import { domainsOf } from '../config/topology.ts';
import type { Peers } from '../routing/peers/peers.ts';
import type { Ground } from './ground.ts';

interface Another {
  domain: string;
  peer: string;
  /** Id of the other store; of ours, if it has one. */
  theirs: string;
  ours: string | undefined;
}

const ASK_EVERY_MS = 1000;
/** How long a start waits in addition to the time for which a silent store is heard of, in ms. */
const GRACE_MS = 5000;

/**
 * Ensures that no other store serves the region: two would both grant its agents. Other regions hear of the store that lives. A store that
 * fell silent is soon not heard of any more, for instance because it was emptied; a start waits for that. Regions that do not
 * answer are no obstacle.
 * @throws Error if another store goes on
 */
export async function demandOneStore(ground: Ground, peers: Pick<Peers, 'storesHeard'>): Promise<void> {
  const { config, clock, log } = ground;
  const until = clock.monotonicMs() + config.freshness.suspectMs + GRACE_MS;
  for (let isTold = false; ; isTold = true) {
    const other = await anotherStore(ground, peers);
    if (!other) return;
    if (clock.monotonicMs() >= until) throw new Error(complaintAbout(config.region, other));
    if (!isTold) log.warn('another_store', { ...other });
    await sleep(ASK_EVERY_MS);
  }
}

async function anotherStore(
  { config, store }: Ground,
  peers: Pick<Peers, 'storesHeard'>,
): Promise<Another | undefined> {
  const heard = await peers.storesHeard();
  for (const domain of domainsOf(config)) {
    const ours = await store.outbox.storeId(domain);
    const found = heard.find(({ stores }) => stores[domain] !== undefined && stores[domain] !== ours);
    if (found) return { domain, peer: found.peer, theirs: found.stores[domain] as string, ours };
  }
  return undefined;
}

const complaintAbout = (region: string, { domain, peer, theirs, ours }: Another): string =>
  `another Redis Cluster serves region "${region}": ${peer} hears store ${theirs} of domain "${domain}", and redis.nodes lead to ` +
  `${ours === undefined ? 'an empty one' : `store ${ours}`}. One region has one cluster: correct \`region\` or \`redis.nodes\`, or stop all ` +
  'instances on the other cluster first';
