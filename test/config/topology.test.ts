import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { domainOfAgent, homeOfAgent, queuesOf, whyNotTaken } from '../../src/config/topology.ts';
import { findQueue } from '../../src/routing/region.ts';

const config = readConfig(
  `
region: eu
redis: { nodes: [127.0.0.1:7001] }
bus: { url: redis://127.0.0.1:6390 }
regions: { eu: { url: http://127.0.0.1:7402 }, us: { url: http://127.0.0.1:7401 } }
domains: { main: {}, sales: {} }
connections:
  crm: { platform: events, home: us }
  shop: { platform: events, home: eu, domain: sales }
queues:
  support: { unites: [crm:a, crm:b], wrapUp: { rule: manual } }
  vip: { unites: [crm:b] }
  deals: { domain: sales, unites: [shop:a] }
`,
  'muster.yaml',
  {},
);

describe('an agent', () => {
  test.each([
    ['crm:7', 'us', 'main'],
    ['shop:7:x', 'eu', 'sales'],
    ['nobody:7', undefined, 'main'],
    ['constructor:7', undefined, 'main'],
    ['crm', undefined, 'main'],
    [':7', undefined, 'main'],
  ])('%s has the home %s and the domain %s', (id, home, domain) => {
    expect(homeOfAgent(config, id)).toBe(home);
    expect(domainOfAgent(config, id)).toBe(domain);
    expect(whyNotTaken(config, id) === undefined).toBe(home !== undefined);
    const agents = { ...config.agents, unknown: { accept: true, home: 'eu' } };
    expect(homeOfAgent({ ...config, agents }, id)).toBe(home ?? 'eu');
    expect(whyNotTaken({ ...config, agents }, id)).toBeUndefined();
  });

  test.each([
    [[], ['global']],
    [['crm:a'], ['crm:a', 'global', 'support']],
    [
      ['crm:b', 'crm:a', 'crm:b'],
      ['crm:a', 'crm:b', 'global', 'support', 'vip'],
    ],
    [['shop:z'], ['global', 'shop:z']],
  ])('of the platform queues %j is in %j', (platformQueues, queues) => {
    const profile = { name: '', queues: platformQueues, skills: {}, tenureDays: 0 };
    expect(queuesOf(config, 'crm:x', profile)).toEqual(queues);
  });
});

describe('a queue', () => {
  const none = { rule: 'none', seconds: 0 };
  test.each([
    ['support', { id: 'support', domain: 'main', wrapUp: { rule: 'manual', seconds: 0 } }],
    ['deals', { id: 'deals', domain: 'sales', wrapUp: none }],
    ['crm:anything', { id: 'crm:anything', domain: 'main', wrapUp: none }],
    ['shop:a:b', { id: 'shop:a:b', domain: 'sales', wrapUp: none }],
    ['global', { id: 'global', domain: 'main', wrapUp: none }],
    ['nobody:a', undefined],
    ['crm:', undefined],
    ['toString', undefined],
    ['', undefined],
  ])('%s is found', (id, queue) => {
    expect(findQueue(config, id)).toEqual(queue);
  });
});
