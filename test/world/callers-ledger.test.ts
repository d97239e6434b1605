import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { claimIdOf, PROOF_LENGTH } from '../../src/contract/claim-ids.ts';
import { verify } from '../../src/verify/verify.ts';
import { CallersLedger, type Question } from '../../world/callers/callers-ledger.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-ledger-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const here = { region: 'eu', url: 'http://127.0.0.1:1' };
const claim = claimIdOf({ agentId: 'crm-eu:ann', fence: 7, unit: 'chat-2', region: 'eu' }, 'p'.repeat(PROOF_LENGTH));
const asked: Question = { asked: 'claim', call: 'c1', queue: 'support', ...here };
const named = { claim, agent: 'crm-eu:ann', fence: 7, unit: 'chat-2' };
let ledgers = 0;

/** What is written of one question, less when. */
async function lineOf(question: Question, ask: () => Promise<{ status: number; body: unknown }>): Promise<object> {
  const ledger = new CallersLedger(join(dir, `${ledgers++}.history.jsonl`));
  await ledger.note(question, ask).catch(() => undefined);
  ledger.close();
  const { t, at, since, ...line } = JSON.parse(readFileSync(ledger.file as string, 'utf8'));
  expect(since).toBeLessThanOrEqual(t);
  expect(at).toBeGreaterThan(0);
  expect((await verify([ledger.file as string])).checks.find(({ name }) => name === 'readable')?.outcome).toBe('kept');
  expect(line).toMatchObject({ op: 'caller', process: 'callers', ...here });
  return line;
}

it('writes what an answer tells of a claim', async () => {
  const body = { claim_id: claim, call_id: 'c1', state: 'HELD', expires_in_ms: 10_000, replicated: true };
  const authority = { region: 'us', mode: 'verified' };
  expect(await lineOf(asked, async () => ({ status: 201, body: { ...body, authority } }))).toMatchObject({
    phase: 'answered',
    asked: 'claim',
    call: 'c1',
    queue: 'support',
    status: 201,
    ...named,
    home: 'us',
    mode: 'verified',
    state: 'HELD',
    held_ms: 10_000,
    replicated: true,
  });
});

it('reads the flat answers of scripts, which name the rest in the claim’s id', async () => {
  const found = { found: true, claim_id: claim, expires_in_ms: 9000, replicated: true, verified: false };
  const yes = { status: 200, ...named, held_ms: 9000, replicated: true, mode: 'home' };
  expect(await lineOf(asked, async () => ({ status: 200, body: found }))).toMatchObject(yes);
  const none = { found: false, reason: 'no_agent_available', detail: '', retry_after_ms: 1 };
  const no = await lineOf(asked, async () => ({ status: 200, body: none }));
  expect(no).toMatchObject({ status: 200, code: 'no_agent_available' });
  expect(no).not.toHaveProperty('mode');
});

it('writes which claim was meant, whatever the answer, and where there was none', async () => {
  const question: Question = { asked: 'confirm', claim, call: 'c1', ...here };
  const body = { code: 'claim_ended' };
  const refused = { phase: 'answered', asked: 'confirm', call: 'c1', ...named, status: 409, code: 'claim_ended' };
  expect(await lineOf(question, async () => ({ status: 409, body }))).toMatchObject(refused);
  const lost = await lineOf(question, () => Promise.reject(new Error('ECONNRESET')));
  expect(lost).toMatchObject({ phase: 'unanswered', asked: 'confirm', call: 'c1', ...named });
  expect(lost).not.toHaveProperty('status');
});

it('passes on what is answered and what is thrown, and writes nothing where it keeps no file', async () => {
  const ledger = new CallersLedger(undefined);
  const answer = { status: 200, body: {} };
  expect(await ledger.note(asked, async () => answer)).toBe(answer);
  await expect(ledger.note(asked, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  ledger.over('crm-eu:ann', 'c1');
  expect(ledger.file).toBeUndefined();
});
