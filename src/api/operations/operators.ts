import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import {
  BeatAnswer,
  ConnectionPath,
  ConnectionsReport,
  ReconcileAnswer,
  RegionReport,
} from '../../contract/operators.ts';
import { HealthAnswer, ReadyAnswer } from '../../contract/readiness.ts';
import { PROBED } from '../../routing/peers/peers.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { type Operation, operation } from './operation.ts';

const SAFE = 'it changes nothing.';

export const operatorOperations = {
  getRegions: operation({
    method: 'GET',
    path: '/v1/regions',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'Get the state of the regions, as this instance knows it',
    repeatable: SAFE,
    answers: { 200: { description: 'The report.', schema: RegionReport } },
    problems: [],
    handler: (request) => request.server.context.report(),
  }),
  getConnections: operation({
    method: 'GET',
    path: '/v1/connections',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'Get the state of the connections to platforms',
    repeatable: SAFE,
    answers: { 200: { description: 'The report.', schema: ConnectionsReport } },
    problems: ['shard_unavailable'],
    handler: (request) => request.server.context.connections(),
  }),
  reconcile: operation({
    method: 'POST',
    path: '/v1/connections/{connection}/reconcile',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'Start a reconciliation now',
    description:
      'The instance that runs the connection starts within seconds; `getConnections` reports the result. The full read uses the ' +
      'same request budget as all other requests to the platform.',
    repeatable: 'the platform is read once more.',
    params: ConnectionPath,
    answers: { 202: { description: 'The reconciliation will start.', schema: ReconcileAnswer } },
    problems: ['unknown_connection', 'not_homed_here', 'shard_unavailable'],
    handler: async (request, reply) => {
      const { region, readNow } = request.server.context;
      const { connection: name } = request.params;
      const { connections: all, region: here } = region.config;
      const connection = Object.hasOwn(all, name) ? all[name] : undefined;
      if (!connection || connection.platform === 'events') return answerUnknown(reply, name);
      const { home } = connection;
      if (home !== here) {
        const detail = `"${name}" is read in ${home}, this region is ${here}`;
        return sendProblem(reply, 'not_homed_here', { detail, more: { home } });
      }
      await readNow(name);
      reply.status(202);
      return { connection: name, region: here };
    },
  }),
  getMetrics: operation({
    method: 'GET',
    path: '/metrics',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'Get the metrics of this instance',
    description: 'For Prometheus; see docs/metrics.md.',
    repeatable: SAFE,
    answers: { 200: { description: 'The metrics.', schema: Type.String(), type: 'text/plain' } },
    problems: [],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      reply.type(region.metrics.registry.contentType);
      return region.metrics.registry.metrics();
    },
  }),
  getHealth: operation({
    method: 'GET',
    path: '/healthz',
    tag: 'Operators',
    access: 'open',
    summary: 'Check whether the process is alive, and which version it is',
    repeatable: SAFE,
    answers: { 200: { description: 'It is alive.', schema: HealthAnswer } },
    problems: [],
    handler: async ({
      server: {
        context: { region, build },
      },
    }): Promise<HealthAnswer> => ({
      status: 'ok',
      region: region.config.region,
      version: build.version,
      revision: build.revision,
      ...(build.builtAt !== undefined && { built_at: build.builtAt }),
    }),
  }),
  getReadiness: operation({
    method: 'GET',
    path: '/readyz',
    tag: 'Operators',
    access: 'open',
    summary: 'Check whether the instance takes work',
    description:
      'A stale region elsewhere does not make the instance unready. An instance that starts answers with its progress: until it has ' +
      'read the agents of its platforms, all requests but those of operators are answered with `starting`.',
    repeatable: SAFE,
    answers: {
      200: { description: 'It takes work.', schema: ReadyAnswer },
      503: { description: 'It does not take work; `obstacles` says why.', schema: ReadyAnswer },
    },
    problems: [],
    handler: async (request, reply): Promise<ReadyAnswer> => {
      const { context } = request.server;
      const obstacles = context.obstacles();
      const isReady = obstacles.length === 0;
      reply.status(isReady ? 200 : 503);
      return { status: isReady ? 'ready' : 'not ready', obstacles, reading: context.readings() };
    },
  }),
  getBeat: operation({
    method: 'GET',
    path: PROBED,
    tag: 'Operators',
    access: 'region',
    summary: 'Probe a region; regions probe each other about once a second',
    repeatable: 'each answer has its own heartbeat sequence number.',
    answers: { 200: { description: 'A heartbeat sequence number, and the time.', schema: BeatAnswer } },
    problems: [],
    handler: async (request, _reply) => {
      const { region, takeBeat } = request.server.context;
      const beat = await takeBeat().catch(() => null); // The shard is down; its circuit breaker has logged it.
      const { config, freshness } = region;
      const others = Object.keys(config.regions).filter((name) => name !== config.region);
      const stores = Object.fromEntries(others.map((name) => [name, freshness.storesOf(name)]));
      return { time_ms: region.clock.nowMs(), beat, claim_keys: [...region.claimIds.fingerprints], stores };
    },
  }),
} as const satisfies Record<string, Operation>;

function answerUnknown(reply: FastifyReply, name: string): FastifyReply {
  return sendProblem(reply, 'unknown_connection', {
    detail: `"${name}" is not a connection of this config that reads a platform`,
  });
}
