import { expect, test } from 'vitest';
import { aclLines } from '../../src/serve/commands/acl-command.ts';

/** What `muster acl print` says, for the Redis servers of deploy/compose; `npm run docs` writes it. */
const lines = aclLines({
  region: 'each region',
  redis: { username: 'muster', nodes: ['redis:6379'], replicas: 1 },
  bus: { driver: 'redis-streams', url: 'redis://muster@bus:6379', topic: 'agent.status.change', partitions: 12 },
});
const at = lines.findLastIndex((line) => line.startsWith('#'));

test.each([
  ['cluster', lines.slice(0, at)],
  ['bus', lines.slice(at)],
])('deploy/compose/redis/%s.acl says what Muster needs', async (name, expected) => {
  expect(expected).toHaveLength(2);
  await expect(`${expected.join('\n')}\n`).toMatchFileSnapshot(`../../deploy/compose/redis/${name}.acl`);
});
