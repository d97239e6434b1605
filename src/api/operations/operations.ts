import { agentOperations } from './agents.ts';
import { claimOperations } from './claims.ts';
import { documentOperations } from './documents.ts';
import { eventOperations } from './events.ts';
import type { Operation } from './operation.ts';
import { operatorOperations } from './operators.ts';
import { scriptOperations } from './scripts.ts';

/** Everything that can be asked, by the name that the document and clients have for it. */
export const OPERATIONS = {
  ...claimOperations,
  ...agentOperations,
  ...scriptOperations,
  ...eventOperations,
  ...operatorOperations,
  ...documentOperations,
} as const;

export type Operations = typeof OPERATIONS;
export type OperationId = keyof Operations;

/** In the order of the document. */
export const operationList = (): [OperationId, Operation][] =>
  Object.entries(OPERATIONS as Record<OperationId, Operation>) as [OperationId, Operation][];

/** The operation of a route, whose path is in Fastify's form: `/v1/claims/:id`. */
export function operationOf(method: string, url: string): [OperationId, Operation] | undefined {
  const path = url.replaceAll(/:(\w+)/g, '{$1}');
  return operationList().find(([, operation]) => operation.method === method && operation.path === path);
}
