import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The oldest Java that runs a Kafka 4 broker and the other tools here. */
const OLDEST = 17;

/** The Java to run `what`: of `JAVA_HOME`, else on the PATH. @throws Error saying what to install */
export function findJava(what: string): string {
  const home = process.env.JAVA_HOME;
  const java = home ? join(home, 'bin', 'java') : 'java';
  // `java -version` prints to standard error.
  const { stderr, error } = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(stderr ?? '')?.[1]);
  if (!error && major >= OLDEST) return java;
  const found = error ? 'none was found' : `this one is ${major}`;
  throw new Error(
    `${what} needs Java ${OLDEST} or later, ${found}: install it (e.g. \`apt install default-jre-headless\`) or set JAVA_HOME.`,
  );
}
