import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MUSTER, modulesIn, packagesOf, SIMULATORS, undeclared } from './packages.ts';

describe('a package declares what it imports', () => {
  test('in production, and nothing else', () => {
    expect(undeclared(modulesIn('src'), MUSTER.dependencies)).toEqual([]);
    expect(undeclared(modulesIn('simulators'), SIMULATORS.dependencies)).toEqual([]);
  });

  test('or it is there for development', () => {
    const { name, dependencies, devDependencies } = MUSTER;
    const run = readFileSync('setup/run.mjs', 'utf8');
    const imported = [
      ...packagesOf(modulesIn('world', 'drills', 'bench', 'models', 'integrations', 'test', '*.ts')),
    ].filter((used) => used !== name);
    expect(imported.filter((used) => !(used in { ...dependencies, ...devDependencies }))).toEqual([]);
    const idle = Object.keys(devDependencies).filter((used) => !imported.includes(used) && !run.includes(`/${used}/`));
    expect(idle.filter((used) => !used.startsWith('@types/'))).toEqual([]);
  });

  test('every entry point of the simulators is imported', () => {
    const others = modulesIn('world', 'drills', 'bench', 'models', 'test').map(({ text }) => text);
    const idle = Object.keys(SIMULATORS.exports).filter((entry) => {
      const imported = `'${SIMULATORS.name}${entry.slice(1)}'`;
      return !others.some((text) => text.includes(imported));
    });
    expect(idle).toEqual([]);
  });

  test('and packages agree on versions', () => {
    const all = { ...MUSTER.dependencies, ...MUSTER.devDependencies };
    for (const [name, version] of Object.entries({ ...SIMULATORS.dependencies, ...SIMULATORS.devDependencies })) {
      expect([name, all[name]]).toEqual([name, version]);
    }
  });

  test('can be broken', () => {
    const files = [{ path: 'src/a.ts', text: `import {\n  a,\n} from 'ws';\nconst b = await import${''}('@b/c/d');` }];
    expect(undeclared(files, { ws: '1', '@b/c': '1' })).toEqual([]);
    expect(undeclared(files, { ws: '1' })).not.toEqual([]);
    expect(undeclared(files, { ws: '1', '@b/c': '1', listr2: '1' })).not.toEqual([]);
  });
});
