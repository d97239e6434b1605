import { withAdmin } from './admin.ts';

/** Time limits of the first and second attempt: a running node answers within the first, on a busy machine within the second. */
const ANSWER_LIMITS_MS = [1_000, 10_000];

/** A line of `CLUSTER NODES`. */
export interface NodeView {
  id: string;
  port: number;
  role: 'master' | 'replica';
  /** The id of its master, for a replica. */
  masterId?: string;
  failed: boolean;
  configEpoch: number;
  /** First and last slot of every range it owns. */
  slots: [number, number][];
}

/** Parses `CLUSTER NODES`; see https://redis.io/docs/latest/commands/cluster-nodes/ */
export function parseClusterNodes(text: string): NodeView[] {
  const lines = text.split('\n').filter(Boolean);
  return lines.map((line) => {
    const [id = '', address = '', flags = '', masterId = '-', , , configEpoch, , ...ranges] = line.split(' ');
    const isReplica = flags.includes('slave');
    const view: NodeView = {
      id,
      port: Number(/:(\d+)@/.exec(address)?.[1]),
      role: isReplica ? 'replica' : 'master',
      failed: flags.split(',').includes('fail'),
      configEpoch: Number(configEpoch),
      slots: ranges.filter((range) => !range.startsWith('[')).map(parseRange),
    };
    if (isReplica) view.masterId = masterId;
    return view;
  });
}

function parseRange(range: string): [number, number] {
  const [first, last = first] = range.split('-').map(Number);
  return [first ?? Number.NaN, last ?? Number.NaN];
}

export const owns = (view: NodeView, slot: number): boolean =>
  view.slots.some(([first, last]) => first <= slot && slot <= last);

/** The cluster as the node with the newest configuration among `ports` sees it. @throws Error if none answers */
export async function readTopology(ports: number[]): Promise<NodeView[]> {
  for (const limitMs of ANSWER_LIMITS_MS) {
    const answers = await Promise.allSettled(ports.map((port) => readNodes(port, limitMs)));
    const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const [newest] = views.sort((a, b) => newestEpoch(b) - newestEpoch(a));
    if (newest) return newest;
  }
  throw new Error('No node of the cluster answers.');
}

const readNodes = (port: number, limitMs: number): Promise<NodeView[]> =>
  withAdmin(port, async (redis) => parseClusterNodes(`${await redis.run('CLUSTER', 'NODES')}`), limitMs);

const newestEpoch = (views: NodeView[]): number => Math.max(...views.map((view) => view.configEpoch));
