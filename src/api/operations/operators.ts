import { Type } from 'typebox';
import {
  BeatAnswer,
  ConnectionPath,
  ConnectionsReport,
  ReconcileAnswer,
  RegionReport,
} from '../../contract/operators.ts';
import { HealthAnswer, ReadyAnswer } from '../../contract/readiness.ts';
import type { Operation } from './operation.ts';

const SAFE = 'it changes nothing.';

export const operatorOperations = {
  getRegions: {
    method: 'GET',
    path: '/v1/regions',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'See how the regions are, as this instance knows them',
    repeatable: SAFE,
    answers: { 200: { description: 'The report.', schema: RegionReport } },
    problems: [],
  },
  getConnections: {
    method: 'GET',
    path: '/v1/connections',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'See how the connections to platforms are',
    repeatable: SAFE,
    answers: { 200: { description: 'The report.', schema: ConnectionsReport } },
    problems: ['shard_unavailable'],
  },
  reconcile: {
    method: 'POST',
    path: '/v1/connections/{connection}/reconcile',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'Have a platform read and compared now',
    description:
      'Whichever instance of its home runs the connection begins within seconds; `getConnections` says what it found. ' +
      'The reading takes its requests from the same budget as all others.',
    repeatable: 'it is read once more.',
    params: ConnectionPath,
    answers: { 202: { description: 'It will be read.', schema: ReconcileAnswer } },
    problems: ['unknown_connection', 'not_homed_here', 'shard_unavailable'],
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    tag: 'Operators',
    access: 'admin:region',
    summary: 'Read the metrics of this instance',
    description: 'For Prometheus; see docs/metrics.md.',
    repeatable: SAFE,
    answers: { 200: { description: 'The metrics.', schema: Type.String(), type: 'text/plain' } },
    problems: [],
  },
  getHealth: {
    method: 'GET',
    path: '/healthz',
    tag: 'Operators',
    access: 'open',
    summary: 'Ask whether the process lives',
    repeatable: SAFE,
    answers: { 200: { description: 'It does.', schema: HealthAnswer } },
    problems: [],
  },
  getReadiness: {
    method: 'GET',
    path: '/readyz',
    tag: 'Operators',
    access: 'open',
    summary: 'Ask whether the instance can take work',
    description:
      'A region elsewhere that is stale does not make it unready. One that begins answers this from the start, and says how far it is: ' +
      'until it knows how the agents of its platforms are, whatever else than an operator asks for is `starting`.',
    repeatable: SAFE,
    answers: {
      200: { description: 'It can.', schema: ReadyAnswer },
      503: { description: 'It cannot, and says why.', schema: ReadyAnswer },
    },
    problems: [],
  },
  getBeat: {
    method: 'GET',
    path: '/v1/beat',
    tag: 'Operators',
    access: 'region',
    summary: 'What regions ask each other, about once a second',
    repeatable: 'each answer is a beat of its own.',
    answers: { 200: { description: 'A beat, and the time.', schema: BeatAnswer } },
    problems: [],
  },
} as const satisfies Record<string, Operation>;
