import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { renderEndpoints } from '../../src/api/docs.ts';

test('src/client/endpoints.ts has the operations that there are', async () => {
  await expect(renderEndpoints()).toMatchFileSnapshot('../../src/client/endpoints.ts');
});

test('a client loads nothing of a server', () => {
  const loaded = loadedBy('src/client/client.ts');
  expect(loaded).toContain('src/client/endpoints.ts');
  expect([...loaded].filter((path) => !/^src\/(client|ops)\//.test(path))).toEqual(['src/api/operations/operation.ts']);
});

/** A file and all files that it imports while it runs, by whatever way. */
function loadedBy(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded;
  loaded.add(path);
  const imports = readFileSync(path, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.{1,2}\/[^']+)'/gm);
  for (const [, file = ''] of imports) loadedBy(join(dirname(path), file), loaded);
  return loaded;
}
