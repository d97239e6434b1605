import type { OperationId } from '../api/operations/operations.ts';
import type { Endpoint } from './send.ts';

/** The endpoint of each operation. Rendered from src/api/operations; `npm run docs` writes it. */
export const ENDPOINTS: Readonly<Record<OperationId, Endpoint>> = {
  createClaim: {
    method: 'POST',
    path: '/v1/claims',
    isRepeatable: true,
    answers: { 200: 'application/json', 201: 'application/json' },
  },
  getClaim: {
    method: 'GET',
    path: '/v1/claims/{id}',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  confirmClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/confirm',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  renewClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/renew',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  releaseClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/release',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  completeClaim: {
    method: 'POST',
    path: '/v1/claims/{id}/complete',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  findAgents: {
    method: 'GET',
    path: '/agents/available',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  listAgents: {
    method: 'GET',
    path: '/v1/agents',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  getAgent: {
    method: 'GET',
    path: '/v1/agents/{id}',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  forgetAgent: {
    method: 'DELETE',
    path: '/v1/agents/{id}',
    isRepeatable: true,
    answers: { 202: 'application/json' },
  },
  getQueue: {
    method: 'GET',
    path: '/v1/queues/{id}',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  getStream: {
    method: 'GET',
    path: '/v1/stream',
    isRepeatable: true,
    answers: { 200: 'text/event-stream' },
  },
  routeCall: {
    method: 'POST',
    path: '/v1/route',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  routeCallByQuery: {
    method: 'GET',
    path: '/v1/route',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  settleCall: {
    method: 'POST',
    path: '/v1/route/settle',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  settleCallByQuery: {
    method: 'GET',
    path: '/v1/route/settle',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  sendEvents: {
    method: 'POST',
    path: '/v1/events',
    isRepeatable: true,
    answers: { 202: 'application/json' },
  },
  pushEvents: {
    method: 'POST',
    path: '/v1/platforms/{connection}/events',
    isRepeatable: true,
    answers: { 202: 'application/json' },
  },
  getRegions: {
    method: 'GET',
    path: '/v1/regions',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  getConnections: {
    method: 'GET',
    path: '/v1/connections',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  reconcile: {
    method: 'POST',
    path: '/v1/connections/{connection}/reconcile',
    isRepeatable: true,
    answers: { 202: 'application/json' },
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    isRepeatable: true,
    answers: { 200: 'text/plain' },
  },
  getHealth: {
    method: 'GET',
    path: '/healthz',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  getReadiness: {
    method: 'GET',
    path: '/readyz',
    isRepeatable: true,
    answers: { 200: 'application/json', 503: 'application/json' },
  },
  getBeat: {
    method: 'GET',
    path: '/v1/beat',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  getRoot: {
    method: 'GET',
    path: '/',
    isRepeatable: true,
    answers: { 302: 'application/json' },
  },
  getOpenapi: {
    method: 'GET',
    path: '/openapi.json',
    isRepeatable: true,
    answers: { 200: 'application/json' },
  },
  getPage: {
    method: 'GET',
    path: '/docs',
    isRepeatable: true,
    answers: { 200: 'text/html' },
  },
};
