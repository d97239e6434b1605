import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DRILLS } from '../../drills/drills.ts';

test('docs/local-world.md lists the drills there are, in their order', () => {
  const page = readFileSync('docs/local-world.md', 'utf8');
  const table = page.slice(page.indexOf('| drill |'));
  const listed = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(DRILLS.map(({ name }) => name));
});
