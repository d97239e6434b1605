import { describe, expect, test } from 'vitest';
import { modulesIn } from './packages.ts';
import { unusedExports } from './unused-exports.ts';

describe('an export is imported by another file', () => {
  const EXPORTING = /^(src|simulators|world|drills|bench|models)\/.*\.ts$/;
  /** What users of the package import. */
  const ENTRIES = ['src/client/client.ts'];

  test('holds', () => {
    const all = [
      'src',
      'simulators',
      'world',
      'drills',
      'bench',
      'models',
      'release',
      'test',
      'integrations',
      'setup',
      '*.ts',
    ];
    expect(unusedExports(modulesIn(...all), EXPORTING, ENTRIES)).toEqual([]);
  });

  test.each([
    ['a name', "import { taken } from './a.ts';", ['src/a.ts: Free', 'src/a.ts: free', 'src/a.ts: renamed']],
    ['a type', "import type { Free } from './a.ts';", ['src/a.ts: taken', 'src/a.ts: free', 'src/a.ts: renamed']],
    ['an alias', "import { free as own } from './a.ts';", ['src/a.ts: taken', 'src/a.ts: Free', 'src/a.ts: renamed']],
    ['a list', "export {\n  taken,\n  type Free,\n  free,\n  renamed,\n} from './a.ts';", []],
    ['a namespace', "import * as a from './a.ts';", []],
    ['a file, while it runs', "const { taken } = await import('./a.ts');", []],
    [
      'another file',
      "import { taken, free, renamed, type Free } from './b.ts';",
      ['src/a.ts: taken', 'src/a.ts: Free', 'src/a.ts: free', 'src/a.ts: renamed'],
    ],
  ])('can be broken, by a file that imports %s', (_, text, unused) => {
    const exporting =
      'export const taken = 1;\nexport type Free = 1;\nexport async function free() {}\nexport { a as renamed };';
    const files = [
      { path: 'src/a.ts', text: exporting },
      { path: 'test/a.test.ts', text: text.replace('./', '../src/') },
    ];
    expect(unusedExports(files, EXPORTING, ENTRIES).toSorted()).toEqual(unused.toSorted());
    expect(unusedExports(files, EXPORTING, ['src/a.ts'])).toEqual([]);
  });
});
