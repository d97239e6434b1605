import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { renderErrorDocs } from '../../src/api/docs.ts';
import { PROBLEMS } from '../../src/api/problems/problems.ts';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const read = (path: string): string => readFileSync(`${SRC}${path}`, 'utf8');
const codes = Object.keys(PROBLEMS);

describe('docs/errors.md', () => {
  test('says what the catalogue says', async () => {
    await expect(renderErrorDocs()).toMatchFileSnapshot('../../docs/errors.md');
  });
});

describe('the catalogue', () => {
  test('has every code that routing refuses with', () => {
    const [, union = ''] = /export type RefusalCode =([^;]+);/.exec(read('routing/refusal.ts')) ?? [];
    const refusals = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
    expect(refusals).toContain('no_agent_available');
    expect(codes).toEqual(expect.arrayContaining(refusals));
  });

  test('has no code that nothing answers with', () => {
    const defining = ['api/problems/problems.ts', 'routing/refusal.ts'];
    const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !defining.includes(path.replaceAll('\\', '/')))
      .map(read);
    expect(codes.filter((code) => !sources.some((text) => text.includes(`'${code}'`)))).toEqual([]);
  });

  test.each(Object.entries(PROBLEMS))('says what %s means and what to do', (_code, { status, ...words }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    for (const text of Object.values(words)) expect(text.trim()).not.toBe('');
    expect(words.meaning).toMatch(/\.$/);
    expect(words.remedy).toMatch(/\.$/);
  });
});
