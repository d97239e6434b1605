import type { Example } from './example.ts';

/** The last examples: requests of operators, load balancers, other regions and readers of the documents. */
export const OPERATORS_STORY: readonly Example[] = [
  {
    operation: 'reconcile',
    name: 'read-again',
    summary: 'An operator starts a reconciliation',
    params: { connection: 'cxone-emea' },
    status: 202,
  },
  {
    operation: 'reconcile',
    name: 'nothing-to-read',
    summary: 'An unknown connection',
    params: { connection: 'crm-mars' },
    status: 404,
  },
  {
    operation: 'getRegions',
    name: 'all-fresh',
    summary: 'Two fresh regions',
    status: 200,
    ofTheMoment: true,
  },
  {
    operation: 'getConnections',
    name: 'the-connections',
    summary: 'A business unit of CXone, and two connections whose agents arrive as events',
    status: 200,
    ofTheMoment: true,
  },
  { operation: 'getHealth', name: 'alive', summary: 'A process that is alive', status: 200, ofTheMoment: true },
  { operation: 'getReadiness', name: 'ready', summary: 'An instance that takes work', status: 200 },
  { operation: 'getBeat', name: 'a-beat', summary: 'A heartbeat sequence number', status: 200, ofTheMoment: true },
  { operation: 'getMetrics', name: 'metrics', summary: 'All metrics', status: 200, ofTheMoment: true },
  { operation: 'getRoot', name: 'root', summary: 'The way to the page', status: 302 },
  { operation: 'getOpenapi', name: 'document', summary: 'The document', status: 200, ofTheMoment: true },
  { operation: 'getPage', name: 'page', summary: 'The page', status: 200, ofTheMoment: true },
];
