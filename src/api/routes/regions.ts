import type { FastifyInstance } from 'fastify';
import type { RegionState } from '../../sync/freshness.ts';
import type { ApiContext } from '../server.ts';

export interface RegionReport {
  region: string;
  instance: string;
  regions: {
    region: string;
    state: RegionState;
    /** Null where nothing has been heard. */
    age_ms: number | null;
    reachable: boolean;
    rtt_ms: number | null;
  }[];
  shards: { address: string; up: boolean; replicas: number; probe_ms: number }[];
  /** Events that wait for the bus, all partitions together. */
  outbox: number;
  /** Messages of the bus not yet applied here; null while the bus does not say. */
  bus_behind: number | null;
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
  server.get('/v1/regions', () => report());
}
