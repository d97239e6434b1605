import type { FastifyInstance } from 'fastify';
import type { RegionState } from '../../sync/watermark.ts';
import type { ApiContext } from '../server.ts';

export interface RegionReport {
  region: string;
  instance: string;
  regions: {
    region: string;
    /** `left`: it has said good-bye, and counts as stale. */
    state: RegionState | 'left';
    /** Of its oldest partition; null where nothing is proven. */
    age_ms: number | null;
    reachable: boolean;
    rtt_ms: number | null;
    /** How far its clock is ahead of this instance's; null before it has answered. */
    clock_offset_ms: number | null;
    /** What is known here of each of its partitions; not for the region itself, which is never behind. */
    partitions?: { partition: number; state: RegionState | 'left'; age_ms: number | null }[];
  }[];
  /** What somebody should look at, in words. */
  warnings: string[];
  shards: {
    address: string;
    up: boolean;
    replicas: number;
    probe_ms: number;
    /** How far its clock is ahead of this instance's. */
    clock_offset_ms: number;
  }[];
  /** Events that wait for the bus, all partitions together; null while they cannot be counted. */
  outbox: number | null;
  /** Messages of the bus not yet applied here; null while the bus does not say. */
  bus_behind: number | null;
  /** The same by partition. */
  partitions: { partition: number; outbox: number | null; bus_behind: number | null }[];
  /** The platform connections that this instance runs. */
  connections: {
    connection: string;
    connected: boolean;
    agents: number;
    /** How long ago the last complete reading ended; null before the first. */
    read_age_ms: number | null;
    problem?: string;
  }[];
}

/** What an operator looks at first: who is fresh, who answers, what waits. */
export function regionRoutes(server: FastifyInstance, { report }: ApiContext): void {
  server.get('/v1/regions', { config: { access: 'admin:region' } }, () => report());
}
