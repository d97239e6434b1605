import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/ops/log.ts';
import { openClaimIds } from '../../src/serve/claim-ids.ts';
import { problemsIn } from '../fixtures/config-problems.ts';
import { pairOf, publicPem } from '../fixtures/issuer.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const [one, two] = ['1', '2'].map((digit) => digit.repeat(32)) as [string, string];
const whole = {
  region: 'eu',
  redis: { nodes: ['127.0.0.1:7001'] },
  bus: { url: 'redis://127.0.0.1:6390' },
  regions: { eu: { url: 'http://127.0.0.1:7401' } },
};
const auth = { issuers: { idp: { issuer: 'idp', audience: 'muster', keys: [publicPem(pairOf('idp'))] } } };
const read = (config: object, env = {}) => readConfig(JSON.stringify(config), join(dir, 'eu.yaml'), env);

const problemsOf = (config: object): string[] => problemsIn(() => read(config));

describe('keys of claims', () => {
  it('come from the file, the environment, and files beside it', () => {
    writeFileSync(join(dir, 'claims.key'), `${two}\n`);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration
    const keys = ['${CLAIM_KEY}', '${file:claims.key}'];
    expect(read({ ...whole, auth, claims: { keys } }, { CLAIM_KEY: one }).claims.keys).toEqual([one, two]);
  });

  it('are needed where there is auth, and what is missing is said with how to make it', () => {
    expect(problemsOf(whole)).toEqual([]);
    for (const claims of [undefined, {}, { heldMs: 5000 }]) {
      expect(problemsOf({ ...whole, auth, claims })).toEqual([
        'claims.keys: is missing, expected a list of secrets, the same in all regions, e.g. made by `openssl rand -base64 32`',
      ]);
    }
    expect(problemsOf({ ...whole, auth, claims: { keys: [one] } })).toEqual([]);
  });

  const secret = 'a secret that nobody may read';
  it.each<[string, unknown, string[]]>([
    ['none', [], ['claims.keys: does not fit, expected a list of 1 to 10 entries']],
    ['too many', Array.from({ length: 11 }, (_, at) => `${at} ${one}`), ['claims.keys: does not fit, expected a list']],
    ['one that is short', [one, secret], ['claims.keys[1]: does not fit, expected a secret of 32 characters or more']],
    ['one that is no list', secret, ['claims.keys: does not fit, expected a list of 1 to 10 entries']],
    ['one that is no text', [7], ['claims.keys[0]: does not fit, expected a secret']],
    ['the same twice', [one, two, one], ['claims.keys[2]: repeats claims.keys[0]']],
  ])('are told to be wrong, and not shown: %s', (_, keys, expected) => {
    const problems = problemsOf({ ...whole, claims: { keys } });
    expect(problems.map((problem, at) => problem.slice(0, expected[at]?.length))).toEqual(expected);
    expect(problems.join()).not.toContain(secret);
  });
});

describe('an instance', () => {
  const name = { agentId: 'ann', fence: 7, region: 'eu' };
  function opened(config: object) {
    const lines: string[] = [];
    const log = createLog('info', 'eu', 'eu-1', { write: (line) => void lines.push(line) });
    return { ids: openClaimIds(read(config), log), lines: lines.map((line) => JSON.parse(line).event) };
  }

  it('without keys signs as every other one does, and says once that anybody could', () => {
    const [here, there] = [opened(whole), opened({ ...whole, limits: { requestsPerSecond: 5 } })];
    expect(here.lines).toEqual(['claim_keys_not_configured']);
    expect(there.ids.prove(here.ids.sign(name))).toEqual(name);
  });

  it('with keys signs with the first, and says nothing', () => {
    const { ids, lines } = opened({ ...whole, claims: { keys: [two, one] } });
    expect(lines).toEqual([]);
    expect(opened({ ...whole, claims: { keys: [one, two] } }).ids.prove(ids.sign(name))).toEqual(name);
    expect(opened({ ...whole, claims: { keys: [one] } }).ids.prove(ids.sign(name))).toBeUndefined();
    expect(opened(whole).ids.prove(ids.sign(name))).toBeUndefined();
  });
});
