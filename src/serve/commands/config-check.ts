import { inspectConfig, readText } from '../../config/load.ts';
import { ConfigError, type Problem, problemLine } from '../../config/problems.ts';
import type { Config } from '../../config/schema.ts';
import { readTls } from '../../ops/tls.ts';
import { complaint } from '../reports/complaint.ts';

const FINE = 0;
const WRONG = 1;
const UNKNOWN = 2;

export interface CheckFlags {
  online?: true;
  allowUnset?: true;
}

/**
 * Checks a file, and prints a line for each problem, or a summary. The result depends only on the file and the variables and files
 * that it refers to, so it is the same in a pipeline and on a laptop. Only `online` connects to the cluster and the bus.
 * @returns the exit code
 */
export async function checkConfig(file: string, { online, allowUnset }: CheckFlags): Promise<number> {
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(complaint('muster config', error));
    return WRONG;
  }
  const { config, problems } = inspectConfig(text, file, process.env);
  const isExcused = ({ unset }: Problem): boolean => allowUnset === true && unset !== undefined;
  const wrong = [...problems, ...(config ? filesOf(config) : [])].filter((problem) => !isExcused(problem));
  for (const problem of wrong) console.log(problemLine(file, problem));
  if (wrong.length > 0) return WRONG;
  if (config) return online ? checkOnline(file, config) : fine(file, config);
  const unset = [...new Set(problems.flatMap(({ unset: reference }) => reference ?? []))];
  console.log(`${file}: ok, but not checked completely: not set: ${unset.join(', ')}`);
  if (online) console.error('muster config: --online needs them');
  return online ? UNKNOWN : FINE;
}

function fine(file: string, config: Config): number {
  console.log(`${file}: ok: ${summaryOf(config)}`);
  return FINE;
}

async function checkOnline(file: string, config: Config): Promise<number> {
  const { compareOnline } = await import('./config-online.ts');
  const { wrong, unknown, notes } = await compareOnline(config);
  for (const problem of wrong) console.log(problemLine(file, problem));
  for (const reason of unknown) console.error(`muster config: ${reason}`);
  if (wrong.length + unknown.length === 0) fine(file, config);
  for (const line of notes) console.log(`  ${line}`);
  if (wrong.length > 0) return WRONG;
  return unknown.length > 0 ? UNKNOWN : FINE;
}

/** Files that an instance reads at its start. */
function filesOf({ redis, bus }: Config): Problem[] {
  return Object.entries({ 'redis.tls': redis.tls, 'bus.tls': bus.tls }).flatMap(([path, tls]): Problem[] => {
    try {
      if (tls) readTls(path, tls);
      return [];
    } catch (error) {
      const { message } = error as Error;
      // The message begins with the path of the key.
      const [, key = path, rest = message] = /^([\w.]+): (.*)$/s.exec(message) ?? [];
      return [{ path: key, message: `names a file that cannot be used: ${rest}` }];
    }
  });
}

/** A one-line summary of a configuration. */
function summaryOf({ region, regions, redis, bus, connections, queues, auth }: Config): string {
  const carrier = bus.driver === 'kafka' ? 'Kafka' : 'Redis Streams';
  return [
    `region ${region}, one of ${Object.keys(regions).length}`,
    `a Redis Cluster found from ${many(redis.nodes.length, 'node')}`,
    `a bus on ${carrier}, ${many(bus.partitions, 'partition')} of ${bus.topic}`,
    many(Object.keys(connections).length, 'connection'),
    many(Object.keys(queues).length, 'virtual queue'),
    auth ? `tokens of ${many(Object.keys(auth.issuers).length, 'issuer')}` : 'no authentication',
  ].join('; ');
}

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
