import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { type AuditRecord, openAudit } from '../../src/ops/audit.ts';
import { openStream } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { SOON } from '../fixtures/soon.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-audit-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const claim: AuditRecord = { op: 'claim', who: { issuer: 'idp', subject: 'ivr' }, outcome: 'ok', agent: 'a', fence: 7 };
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line)
    .map((line) => JSON.parse(line));

function open(file: string) {
  const metrics = createMetrics('eu');
  const errors: string[] = [];
  const log = { error: (event: string) => errors.push(event) };
  const audit = openAudit({ file, stream: openStream(2), region: 'eu', instance: 'eu-1', log, metrics });
  const dropped = async () => (await metrics.auditDropped.get()).values[0]?.value ?? 0;
  return { audit, errors, dropped };
}

describe('the audit', () => {
  it('is a file of JSON lines, readable by its owner only, and appended to after a restart', async () => {
    const file = join(dir, 'audit.jsonl');
    for (const subject of ['first', 'second']) {
      const { audit } = open(file);
      audit.record({ ...claim, who: { issuer: 'idp', subject } });
      audit.close();
      await vi.waitFor(() => expect(linesOf(file).at(-1)?.who.subject).toBe(subject), SOON);
    }
    expect(linesOf(file)).toHaveLength(2);
    expect(linesOf(file)[0]).toMatchObject({
      ...claim,
      who: { subject: 'first' },
      audit: true,
      region: 'eu',
      instance: 'eu-1',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('counts what it drops, and says so once it can', async () => {
    const file = join(dir, 'flood.jsonl');
    const { audit, dropped } = open(file);
    const long = 'x'.repeat(100_000);
    // Nothing is written before this turn is over: 16 MiB of it may wait.
    for (let n = 0; n < 200; n++) audit.record({ ...claim, call: long, fence: n });
    const lost = await dropped();
    expect(lost).toBeGreaterThan(20);
    expect(lost).toBeLessThan(200);
    await vi.waitFor(
      () => expect(linesOf(file).at(-1)).toMatchObject({ op: 'audit', outcome: 'dropped', dropped: lost }),
      SOON,
    );
    expect(linesOf(file)).toHaveLength(200 - lost + 1);
    audit.close();
  });

  it('fails to open if the file cannot be written', () => {
    expect(() => open(join(dir, 'nowhere', 'audit.jsonl'))).toThrow(/the audit .* cannot be opened: ENOENT/);
  });

  it('logs once that the disk is full, and never blocks', async () => {
    const { audit, errors } = open('/dev/full');
    audit.record(claim);
    await vi.waitFor(() => expect(errors).toHaveLength(1), SOON);
    audit.record(claim);
    audit.record(claim);
    expect(errors[0]).toBe('audit_write_failed');
  });
});
