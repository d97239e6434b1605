import { agentOperations } from './agents.ts';
import { claimOperations } from './claims.ts';
import { documentOperations } from './documents.ts';
import { eventOperations } from './events.ts';
import type { Operation } from './operation.ts';
import { operatorOperations } from './operators.ts';
import { pushOperations } from './pushes.ts';
import { scriptOperations } from './scripts.ts';
import { streamOperations } from './stream.ts';

/** All operations by their `operationId`, which clients use as method names. */
export const OPERATIONS = {
  ...claimOperations,
  ...agentOperations,
  ...streamOperations,
  ...scriptOperations,
  ...eventOperations,
  ...pushOperations,
  ...operatorOperations,
  ...documentOperations,
} as const;

export type Operations = typeof OPERATIONS;
export type OperationId = keyof Operations;

/** All operations, in the order of the document. */
export const operationList = (): [OperationId, Operation][] =>
  Object.entries(OPERATIONS as Record<OperationId, Operation>) as [OperationId, Operation][];
