import type { Example } from './example.ts';

/** The end of the story: what operators, load balancers, other regions and readers ask. */
export const OPERATORS_STORY: readonly Example[] = [
  {
    operation: 'reconcile',
    name: 'read-again',
    summary: 'An operator who does not believe what is known',
    params: { connection: 'cxone-emea' },
    status: 202,
  },
  {
    operation: 'reconcile',
    name: 'nothing-to-read',
    summary: 'A connection that there is not',
    params: { connection: 'crm-mars' },
    status: 404,
  },
  {
    operation: 'getRegions',
    name: 'all-fresh',
    summary: 'Two regions that hear each other',
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
  { operation: 'getHealth', name: 'alive', summary: 'A process that lives', status: 200 },
  { operation: 'getReadiness', name: 'ready', summary: 'An instance that takes work', status: 200 },
  { operation: 'getBeat', name: 'a-beat', summary: 'A beat', status: 200, ofTheMoment: true },
  { operation: 'getMetrics', name: 'metrics', summary: 'Everything that is counted', status: 200, ofTheMoment: true },
  { operation: 'getOpenapi', name: 'document', summary: 'The document', status: 200, ofTheMoment: true },
  { operation: 'getPage', name: 'page', summary: 'The page', status: 200, ofTheMoment: true },
];
