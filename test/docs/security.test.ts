import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { StaticKeys } from '../../src/auth/key-source.ts';
import { readKeys } from '../../src/auth/keys.ts';
import { SCOPES } from '../../src/auth/scopes.ts';
import { clientOf, Tokens } from '../../src/auth/tokens.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { ROUTES } from '../fixtures/routes.ts';

const page = await readFile('docs/security.md', 'utf8');
/** What the rows of the table that need no scope begin with. */
const OTHERS = { region: "a region's own key", platform: 'the [secret of the connection]', open: 'open' };

test('docs/security.md says who may use which route, for every route there is', () => {
  const expected = ROUTES.map(({ route, access }) => `${access} ${route}`);
  const told = [
    ...SCOPES.map((scope) => [scope, `| \`${scope}\` |`]),
    ...Object.entries(OTHERS).map(([who, words]) => [who, `| none: ${words}`]),
  ];
  const listed = told.flatMap(([who, begin = '']) => {
    const row = page.split('\n').find((line) => line.startsWith(begin)) ?? '';
    return [...row.matchAll(/`((?:GET|POST|DELETE) [^`]+)`/g)]
      .map(([, route = '']) => `${who} ${route}`)
      .filter((each) => each !== 'route:agent GET /agents/available'); // with a parameter, as the row says
  });
  expect(listed.sort()).toEqual(expected.sort());
});

test('docs/security.md tells how to sign a token without a server for them', async () => {
  const blocks = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? '');
  const script = blocks.filter((block) => block.includes('scripts.key.pem')).join('\n');
  const dir = await mkdtemp(join(tmpdir(), 'muster-docs-'));
  try {
    const { stdout } = await promisify(execFile)('sh', ['-ec', `${script}\nprintf %s "$token"`], { cwd: dir });
    const keys = new StaticKeys(readKeys(await readFile(join(dir, 'scripts.pem'), 'utf8')));
    const issuers = new Map([['scripts', { audience: 'muster', keys, callerOf: clientOf }]]);
    const caller = await new Tokens(issuers, systemClock).callerOf(stdout);
    expect(caller).toMatchObject({ subject: 'nightly', scopes: new Set(['read:agent']) });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
