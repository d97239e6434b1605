// npm start | world | simulator | test | pages | check | drill | crash-points | faults | races | mutants | matrix | fuzz | pools | next | bench | doors | release | image | muster: brings what the host lacks, then runs the verb with Node 24.
// Plain JavaScript without dependencies, for Node 18 and later: everything else is not there yet when this runs.
import { delimiter, dirname, join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { wishForCompiler } from './compiler.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { runForeground } from './foreground.mjs';
import { ensureImageTools } from './image.mjs';
import { ensureJava, wishForKafka } from './kafka.mjs';
import { ensureNode } from './node.mjs';
import { Missing, ROOT } from './quietly.mjs';
import { ensureRedis } from './redis.mjs';
import { ensureSbomTool } from './sbom.mjs';

const VITEST = ['node_modules/vitest/vitest.mjs', 'run'];
/** Serves a region with what was built, outside the checkout. */
const PROVE = '--prove';
const provingOf = (name) => [...VITEST, '--config', 'test/release/outside/vitest.config.ts', `outside/${name}`];

/** What each verb runs, one command after the other, and whether it needs a `redis-server` to start. */
const VERBS = {
  start: { needsRedis: () => true, commands: (args) => [['world/cli.ts', 'start', ...args]] },
  world: { needsRedis: ([command]) => command === 'start', commands: (args) => [['world/cli.ts', ...args]] },
  simulator: { needsRedis: () => false, commands: (args) => [['simulators/cli.ts', ...args]] },
  test: { needsRedis: () => true, commands: (args) => [[...VITEST, ...args]] },
  pages: {
    needsRedis: () => true,
    commands: (args) => [[...VITEST, '--config', 'test/page/vitest.config.ts', ...args]],
  },
  check: {
    needsRedis: () => false,
    commands: () => [
      ['node_modules/typescript/bin/tsc'],
      // What runs in a browser.
      ['node_modules/typescript/bin/tsc', '-p', 'test/page'],
      ['node_modules/@biomejs/biome/bin/biome', 'check'],
      [...VITEST, 'test/tidy.test.ts', 'test/packages.test.ts', 'test/unused-exports.test.ts'],
    ],
  },
  drill: { needsRedis: () => true, commands: (args) => [['drills/cli.ts', ...args]] },
  'crash-points': {
    needsRedis: (args) => !args.includes('--list'),
    commands: (args) => [['test/crash-points/run.ts', ...args]],
  },
  faults: {
    needsRedis: () => true,
    commands: (args) => [[...VITEST, '--config', 'test/faults/vitest.config.ts', ...args]],
  },
  races: {
    needsRedis: () => true,
    commands: (args) => [[...VITEST, '--config', 'test/races/vitest.config.ts', ...args]],
  },
  mutants: { needsRedis: () => true, commands: (args) => [['test/mutants/run.ts', ...args]] },
  matrix: { needsRedis: () => false, commands: (args) => [['test/matrix/run.ts', ...args]] },
  fuzz: { needsRedis: () => true, commands: (args) => [['test/fuzz/run.ts', ...args]] },
  pools: {
    needsRedis: (args) => !args.join(' ').match(/--store[ =]memory/),
    commands: (args) => [['test/pools/run.ts', ...args]],
  },
  bench: {
    needsRedis: (args) => !args.some((arg) => arg.startsWith('--compare')),
    commands: (args) => [['bench/run.ts', ...args]],
  },
  next: { needsRedis: () => true, commands: (args) => [['test/next/run.ts', ...args]] },
  doors: { needsRedis: () => true, commands: (args) => [['test/doors/run.ts', ...args]] },
  release: {
    needsRedis: (args) => args.includes(PROVE),
    commands: (args) => [
      ['release/run.ts'],
      ...(args.includes(PROVE) ? [provingOf('package'), provingOf('compose')] : []),
    ],
  },
  image: {
    needsRedis: (args) => args.includes(PROVE),
    commands: (args) => [
      ['release/run.ts'],
      ['release/image.ts'],
      ...(args.includes(PROVE) ? [provingOf('image')] : []),
    ],
  },
  muster: {
    needsRedis: () => false,
    commands: (args) => [['src/cli.ts', ...args]],
  },
};

/** Whether a drill or a mutant plays a host that stands still. */
function buildsHosts(name, args) {
  const isChosen = args.join(' ').includes('--only');
  if (name === 'drill') return !isChosen || args.join(' ').includes('host-paused');
  return name === 'mutants' && (!isChosen || args.join(' ').includes('standstill'));
}

async function main([name, ...args]) {
  const verb = Object.hasOwn(VERBS, name ?? '') ? VERBS[name] : undefined;
  if (!verb) throw new Missing(`npm run ${Object.keys(VERBS).join(' | ')}: there is no ${name ?? 'verb'}`);
  ensureDependencies();
  const node = ensureNode();
  const env = {
    // What was compiled once need not be compiled by every process that starts.
    NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/compiled'),
    ...process.env,
    PATH: [dirname(node), process.env.PATH].join(delimiter),
  };
  if (verb.needsRedis(args)) env.MUSTER_REDIS_SERVER = ensureRedis();
  if (name === 'test' || (name === 'fuzz' && args[0] === 'bus')) wishForKafka();
  if (name === 'faults' || buildsHosts(name, args)) wishForCompiler();
  if (name === 'pages') ensureChromium();
  if (name === 'release' || name === 'image') ensureSbomTool();
  if (name === 'image') ensureImageTools();
  if (args.join(' ').match(/--bus[ =]kafka/)) ensureJava();
  for (const command of verb.commands(args)) {
    const code = await runForeground(node, command, env);
    if (code !== 0) return code;
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
