import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { LOG_EVENTS, SECTIONS } from '../../src/ops/log-events/catalogue.ts';
import { renderLogEventDocs } from '../../src/ops/log-events/docs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');
const SOURCES = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.ts') && !path.startsWith('src/ops/log-events/'))
  .map((path) => ({ path, text: read(path) }));
const codes = Object.keys(LOG_EVENTS);

describe('docs/log-events.md', () => {
  test('says what the catalogue says', async () => {
    await expect(renderLogEventDocs()).toMatchFileSnapshot('../../docs/log-events.md');
  });
});

describe('the catalogue', () => {
  test('has no event that nothing logs', () => {
    expect(codes.filter((code) => !SOURCES.some(({ text }) => text.includes(`'${code}'`)))).toEqual([]);
  });

  test('has every code once', () => {
    expect(Object.values(SECTIONS).flatMap(Object.keys)).toEqual(codes);
  });

  test.each(Object.entries(LOG_EVENTS))('says what %s means', (code, { message, ...rest }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(message).toMatch(/^[A-Z].*[^.]$/);
    expect(rest.meaning).toMatch(/^[A-Z`].*\.$/);
    if ('remedy' in rest) expect(rest.remedy).toMatch(/^[A-Z].*\.$/);
  });
});

/** A logger of the library takes any text for a code: only these two make one. */
test('nothing in src logs past the catalogue', () => {
  const makers = SOURCES.filter(({ text }) => /from 'pino'/.test(text)).map(({ path }) => path);
  expect(makers.sort()).toEqual(['src/ops/audit.ts', 'src/ops/log.ts']);
});

test('docs/operations.md names events that exist', () => {
  const [, section = ''] = /^## What the log says\n(.*?)\n## /ms.exec(read('docs/operations.md')) ?? [];
  const firstCells = [...section.matchAll(/^\| (`.+?) \|/gm)].map(([, cell = '']) => cell);
  const named = firstCells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((code) => !codes.includes(code ?? ''))).toEqual([]);
});
