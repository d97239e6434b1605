import { find, installPackage } from './debian.mjs';
import { Missing, progress } from './quietly.mjs';

/** What a Kafka, or a look at one, takes beyond the packages: the program, the Debian package that has it, and what for. */
const JAVA = {
  program: 'java',
  name: 'default-jre-headless',
  use: 'a Kafka broker, and the templates of data actions, run on Java 17 or later',
};
const KCAT = { program: 'kcat', name: 'kcat', use: 'kcat reads and writes the bus as any Kafka client does' };

/** @throws Missing where there is no Java and none can be installed */
export function ensureJava() {
  ensure(JAVA);
}

/** Tests run without them too, with those skipped that need them. */
export function wishForKafka() {
  for (const wish of [JAVA, KCAT]) {
    try {
      ensure(wish);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      progress(`${error.message}. Tests that need it will be skipped.`);
    }
  }
}

function ensure({ program, name, use }) {
  if (program === 'java' && process.env.JAVA_HOME) return;
  if (!find(program)) installPackage(name, `${use}, and there is none: install it (e.g. apt-get install ${name})`);
}
