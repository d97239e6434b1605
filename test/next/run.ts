import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { changed, makeNextVersion } from '../../drills/next-version/next-version.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['test', 'world', 'drills', 'vitest.config.ts', 'tsconfig.json'];

/** What the tests of the store do in addition: every domain changes its format all the time. */
const FLIPPING = [
  {
    file: 'test/fixtures/store.ts',
    text: '    return new RedisStore({\n',
    becomes: '    return flipping(redis.addresses, {\n',
  },
  {
    file: 'test/fixtures/store.ts',
    text: "import { Pool, poolConfig } from './pool.ts';\n",
    becomes: "import { flipping } from '../next/flipping.ts';\nimport { Pool, poolConfig } from './pool.ts';\n",
  },
];

/** Tests of what a domain's store does, whatever its format; without those that write records past the store, in one format. */
const TESTS = ['redis-contract', 'claim', 'capacity', 'calls', 'forgotten', 'room', 'nobody', 'model'];

/** Runs the tests of the store against the drill's next version, whose stores change their format to and fro meanwhile. */
const dir = mkdtempSync(join(tmpdir(), 'muster-next-'));
try {
  makeNextVersion(dir);
  for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  for (const change of FLIPPING) {
    const file = join(dir, change.file);
    writeFileSync(file, changed(readFileSync(file, 'utf8'), change));
  }
  const files = TESTS.map((name) => `test/store/${name}.test.ts`);
  const args = [join(dir, 'node_modules/vitest/vitest.mjs'), 'run', ...files, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: dir, stdio: 'inherit' });
  const [code] = await once(child, 'close');
  process.exitCode = code ?? 1;
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
