import { Option } from 'commander';

/** Drivers of the event bus, as in the configuration. */
export const BUS_DRIVERS = ['redis-streams', 'kafka'] as const;
export type BusDriver = (typeof BUS_DRIVERS)[number];

/** The option `--bus` of commands that start a world. */
export const busOption = (): Option =>
  new Option('--bus <driver>', 'what carries the events between regions').choices(BUS_DRIVERS).default(BUS_DRIVERS[0]);

/** The default topic. */
export const TOPIC = 'agent.status.change';
export const PARTITIONS = 12;

/** The event bus of a local world. Every region reaches it through its own port, which leads through the weather. */
export interface LocalBus {
  /** Display name, e.g. `Redis Streams`. */
  readonly name: string;
  /** Ids of the processes that run. */
  readonly pids: number[];
  /** The section `bus` of an instance's configuration. @param host `host:port` by which its region reaches the bus */
  settings(host: string, instance: string): object;
  /** The port on 127.0.0.1 that a region's connection leads to. */
  port(region: string): number;
  /** Resolves once it takes and delivers messages. @param wayOf the port by which a region reaches the bus */
  start(wayOf: (region: string) => number): Promise<void>;
  /**
   * Stops all reading of a region, as a consumer that hangs would; resolves when no instance of the region reads any more.
   */
  holdReading(region: string): Promise<void>;
  /** Lets the instances of the region read again. */
  releaseReading(region: string): Promise<void>;
  /** Resolves when its processes are gone, also if it never started. */
  stop(): Promise<void>;
}
