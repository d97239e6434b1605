// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in a configuration look like this.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/load.ts';
import { ConfigError, type Problem } from '../../src/config/problems.ts';
import { References } from '../../src/config/references.ts';

const BASE = `region: eu
redis: { nodes: [127.0.0.1:7001] }
bus: { url: redis://127.0.0.1:6390 }
regions: { eu: { url: http://127.0.0.1:7402 } }
`;
const ENV = { PORT: '7402', HOST: '127.0.0.2', ONE: '1', YES: 'true', REGION: 'eu', EMPTY: '' };

const read = (more: string, env: NodeJS.ProcessEnv = ENV, base = BASE) => readConfig(base + more, 'eu.yaml', env);

function problemsOf(more: string, env: NodeJS.ProcessEnv = ENV, base = BASE): Problem[] {
  try {
    read(more, env, base);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
  return [];
}

/** What a YAML text holds once its references have their values. */
function resolved(text: string, env: NodeJS.ProcessEnv): [value: unknown, problems: Problem[]] {
  const references = new References(text);
  const problems: Problem[] = [];
  const value = references.resolve(parse(references.markedText), { env, folder: '.' }, problems);
  return [value, problems];
}

describe('a reference may stand', () => {
  test.each([
    ['in a flow map', 'listen: { port: ${PORT} }'],
    ['in a flow map, close to its ends', 'listen: {port: ${PORT}}'],
    ['in a flow map, before another key', 'listen: { port: ${PORT}, host: ${HOST} }'],
    ['as a value of a block', 'listen:\n  port: ${PORT}'],
    ['in double quotes', 'listen: { port: "${PORT}" }'],
    ['in single quotes', "listen: { port: '${PORT}' }"],
    ['within a text', 'listen: { port: 7${ONE:-0}02 }', { ONE: '4' }],
    ['with a default that is not needed', 'listen: { port: ${PORT:-1} }'],
    ['with a default that is needed', 'listen: { port: ${UNSET:-7402} }'],
    ['with a default for one that is empty', 'listen: { port: ${EMPTY:-7402} }'],
    ['behind a comment with one that is not set', '# ${UNSET}\nlisten: { port: ${PORT} } # as ${UNSET} says'],
  ])('%s', (_, more, env?: object) => {
    expect(read(more, { ...ENV, ...env }).listen.port).toBe(7402);
  });

  test('in a list, and in part of its entries', () => {
    const base = BASE.replace('[127.0.0.1:7001]', '[ ${HOST}:7001, "${HOST}:7002", 127.0.0.${ONE}:${PORT}]');
    expect(read('', ENV, base).redis.nodes).toEqual(['127.0.0.2:7001', '127.0.0.2:7002', '127.0.0.1:7402']);
  });

  test('for numbers and truths, and stays a text where a text is expected', () => {
    const config = read(
      'agents: { unknown: { accept: ${YES}, home: ${REGION} } }\nqueues: {}\nranking: { surplusSeconds: ${HALF} }',
      {
        ...ENV,
        HALF: '0.5',
      },
    );
    expect(config.agents.unknown).toEqual({ accept: true, home: 'eu' });
    expect(config.ranking.surplusSeconds).toBe(0.5);
    expect(read('', { REGION: '007' }, BASE.replaceAll('eu', '${REGION}')).region).toBe('007');
  });

  test('for a name, where two that become one are noticed', () => {
    expect(read('', ENV, BASE.replace('{ eu: ', '{ ${REGION}: ')).regions.eu).toMatchObject({
      url: expect.any(String),
    });
    expect(problemsOf('domains: { main: {}, eu: {}, ${REGION}: {} }')).toEqual([
      { path: 'domains.eu', message: 'is there twice', line: 5 },
    ]);
  });
});

describe('a reference that leads nowhere', () => {
  test('is one line, with the variable and the place', () => {
    expect(problemsOf('listen:\n  host: ::1\n  port: ${PROT}')).toEqual([
      {
        path: 'listen.port',
        line: 7,
        message: 'refers to the environment variable PROT, which is not set',
        unset: '${PROT}',
      },
    ]);
  });

  test('is one line for a file, too', () => {
    expect(problemsOf('audit: { file: "${file:none}" }')).toMatchObject([
      { path: 'audit.file', line: 5, message: 'refers to the file none, which cannot be read: ENOENT' },
    ]);
  });

  test.each(['${}', '${a b}', '${1}', '${A-x}', '${A:=x}'])('%s is no reference', (reference) => {
    expect(problemsOf(`audit: { file: ${reference} }`)).toEqual([
      {
        path: 'audit.file',
        line: 5,
        message: `holds ${reference}, which is no reference: expected \${NAME}, \${NAME:-default} or \${file:PATH}; write $\${ for a plain \${`,
      },
    ]);
  });

  test('leaves what YAML says about the rest as it is, line and column too', () => {
    expect(problemsOf('audit: { file: ${A} }\nlisten: { port: ${PORT}')).toEqual([
      expect.objectContaining({ line: 6, message: expect.stringMatching(/^Flow map .* at line 6, column 24$/) }),
    ]);
    const [problem] = problemsOf('audit: { file: *${A} }');
    expect(problem?.message).toContain('${A}');
  });
});

describe('a value', () => {
  const HOSTILE = [
    'x, b: 1',
    'x }\nregion: evil',
    '"',
    "'",
    '\\',
    '\n',
    ': ',
    ' #',
    '[1]',
    '{a: 1}',
    '*a',
    '&a x',
    '!!int 1',
    '| x',
    '- a',
    '${ONE}',
    '$${ONE}',
    'null',
    '~',
    '1e3',
    '__proto__',
    '\uE0000\uE001',
  ];

  test.each(HOSTILE)('never changes the structure: %j', (value) => {
    for (const text of [
      'a: { b: ${V}, c: 1 }',
      'a: { b: "${V}", c: 1 }',
      "a: { b: '${V}', c: 1 }",
      'a:\n  b: ${V}\n  c: 1',
    ])
      expect(resolved(text, { V: value })).toEqual([{ a: { b: value, c: 1 } }, []]);
    expect(resolved('${V}: 1', { V: value })).toEqual([{ [value]: 1 }, []]);
  });

  test('is taken as it is, whatever it is and whatever stands around it', () => {
    const around = fc.string().map((text) => text.replaceAll(/[$\uE000\uE001]/g, ''));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), around, around, (value, before, after) => {
        const text = JSON.stringify({ a: [`${before}\${V}${after}`], b: '${V:-x}' });
        expect(resolved(text, { V: value })).toEqual([{ a: [before + value + after], b: value || 'x' }, []]);
      }),
    );
  });

  test('may be a default that YAML would take apart', () => {
    expect(resolved('{ a: ${V:-x: {y}, b: [1, 2] }', {})).toEqual([{ a: 'x: {y', b: [1, 2] }, []]);
    expect(resolved('{ a: ${V:-# "no" comment, b}, c: ${V:-} }', {})).toEqual([{ a: '# "no" comment, b', c: '' }, []]);
  });
});

describe('$${', () => {
  test.each([
    ['a: $${V}', '${V}'],
    ['{ a: $${V} }', '${V}'],
    ['a: "x $${file:y} z"', 'x ${file:y} z'],
    ['a: x $${', 'x ${'],
    ['a: $ConnectionString', '$ConnectionString'],
    ['a: US$5 ${V', 'US$5 ${V'],
  ])('%s is a text', (text, value) => {
    expect(resolved(text, { V: 'no' })).toEqual([{ a: value }, []]);
  });
});

describe('a file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-references-'));
    await writeFile(join(folder, 'secret'), 'a: {b} # c\nd\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('may hold anything, in a flow map too', () => {
    const config = readConfig(`${BASE}audit: { file: ${'${file:secret}'} }`, join(folder, 'eu.yaml'), {});
    expect(config.audit.file).toBe('a: {b} # c\nd');
  });
});
