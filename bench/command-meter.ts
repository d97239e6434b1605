import { type AdminConnection, connectAdmin } from '../world/redis/admin.ts';

/** Calls and microseconds by command, from `INFO commandstats`; commands of scripts included. */
export type CommandStats = Map<string, { calls: number; us: number }>;

/** A master may have much to do before it answers. */
const ANSWER_LIMIT_MS = 60_000;

/** Reads the commands that some nodes together have executed so far. */
export class CommandMeter {
  readonly #nodes: AdminConnection[];

  private constructor(nodes: AdminConnection[]) {
    this.#nodes = nodes;
  }

  static async connect(ports: number[]): Promise<CommandMeter> {
    return new CommandMeter(await Promise.all(ports.map((port) => connectAdmin(port, ANSWER_LIMIT_MS))));
  }

  async read(): Promise<CommandStats> {
    const stats: CommandStats = new Map();
    for (const info of await Promise.all(this.#nodes.map((node) => node.run('INFO', 'commandstats')))) {
      for (const [, name = '', calls, us] of String(info).matchAll(/^cmdstat_(\S+):calls=(\d+),usec=(\d+)/gm)) {
        const sum = stats.get(name) ?? { calls: 0, us: 0 };
        stats.set(name, { calls: sum.calls + Number(calls), us: sum.us + Number(us) });
      }
    }
    return stats;
  }

  close(): void {
    for (const node of this.#nodes) node.close();
  }
}

/** The commands executed between two readings; others are absent. */
export function difference(before: CommandStats, after: CommandStats): CommandStats {
  const grown = [...after].map(([name, { calls, us }]) => {
    const earlier = before.get(name) ?? { calls: 0, us: 0 };
    return [name, { calls: calls - earlier.calls, us: us - earlier.us }] as const;
  });
  return new Map(grown.filter(([, { calls }]) => calls > 0));
}
