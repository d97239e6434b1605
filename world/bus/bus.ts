import { Option } from 'commander';

/** What can carry the events of a local world: a driver of the configuration. */
export const BUS_DRIVERS = ['redis-streams', 'kafka'] as const;
export type BusDriver = (typeof BUS_DRIVERS)[number];

/** `--bus`, of every command that starts a world. */
export const busOption = (): Option =>
  new Option('--bus <driver>', 'what carries the events between regions').choices(BUS_DRIVERS).default(BUS_DRIVERS[0]);

/** As configured by default. */
export const TOPIC = 'agent.status.change';
export const PARTITIONS = 12;

/** The event bus of a local world. Every region reaches it by a way of its own, which leads through the weather. */
export interface LocalBus {
  /** For people, e.g. `Redis Streams`. */
  readonly name: string;
  /** Of the processes that run. */
  readonly pids: number[];
  /** The section `bus` of the configuration of an instance. @param host `host:port` where its region's way begins */
  settings(host: string, instance: string): object;
  /** Where the way of a region leads to, on 127.0.0.1. */
  port(region: string): number;
  /** Resolves once it takes and gives messages. @param wayOf the port where the way of a region begins */
  start(wayOf: (region: string) => number): Promise<void>;
  /**
   * Holds everything a region reads from it, as a process of that region would that took its share and hangs; resolves
   * when no instance of the region reads any more.
   */
  holdReading(region: string): Promise<void>;
  /** Lets the instances of the region read again. */
  releaseReading(region: string): Promise<void>;
  /** Resolves when its processes are gone, whether it had started or not. */
  stop(): Promise<void>;
}
