import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '4.32.5';
/** What an answer must be, whatever was asked. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
];
/** How what is wrong may be refused; the fuzzer does not know of what is too large. */
const REFUSALS = ['4xx', '5xx'];
/** Headers that nobody knows are nobody's fault. */
const SETTINGS = `[generation]
allow-extra-parameters = false
[checks]
negative_data_rejection.expected-statuses = ${JSON.stringify(REFUSALS)}
`;
/** Where anything is taken: empty fields and text for numbers are a script's ordinary ways. */
const FORGIVING = ['routeCall', 'routeCallByQuery', 'settleCall', 'settleCallByQuery'];

/** What has no end to wait for. */
const ENDLESS = 'getStream';

/** Brings the fuzzer into a folder. @returns its program; undefined where there is no Python to run it */
export function installSchemathesis(dir: string): string | undefined {
  const python = spawnSync('python3', ['-m', 'venv', join(dir, 'venv')], { stdio: 'ignore' });
  if (python.status !== 0) return undefined;
  writeFileSync(join(dir, 'schemathesis.toml'), SETTINGS);
  const pip = spawnSync(join(dir, 'venv/bin/pip'), ['install', '-q', `schemathesis==${VERSION}`], { stdio: 'inherit' });
  return pip.status === 0 ? join(dir, 'venv/bin/schemathesis') : undefined;
}

export interface FuzzOptions {
  url: string;
  token: string;
  dir: string;
  seconds: number;
  seed: number;
}

/** Asks everything that the document allows, and much that it does not. @returns whether all was answered as it says */
export async function fuzz(program: string, { url, token, dir, seconds, seed }: FuzzOptions): Promise<boolean> {
  const strict = ['--checks', CHECKS.join(',')];
  const forgiving = ['--checks', CHECKS.filter((each) => each !== 'negative_data_rejection').join(',')];
  const of = (flag: string) => FORGIVING.flatMap((id) => [flag, id]);
  const share = Math.ceil(seconds / 2);
  const limits = ['--max-time', `${share}`, '--seed', `${seed}`, '-H', `authorization: Bearer ${token}`];
  const isStrict = await run(program, dir, [
    `${url}/openapi.json`,
    ...strict,
    ...of('--exclude-operation-id'),
    ...['--exclude-operation-id', ENDLESS],
    ...limits,
  ]);
  const isKind = await run(program, dir, [
    `${url}/openapi.json`,
    ...forgiving,
    ...of('--include-operation-id'),
    ...limits,
  ]);
  return isStrict && isKind;
}

async function run(program: string, dir: string, args: string[]): Promise<boolean> {
  const child = spawn(program, ['run', ...args, '--no-color'], { cwd: dir, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'exit');
  return code === 0;
}
