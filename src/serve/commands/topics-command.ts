import { Command } from 'commander';
import { isAnswer } from '../../bus/kafka/clients.ts';
import { dlqOf } from '../../bus/kafka/kafka.ts';
import { describeStep, describeTopic } from '../../bus/kafka/topics.ts';
import { TopicsAdmin, type TopicsState } from '../../bus/kafka/topics-admin.ts';
import { loadConfig } from '../../config/load.ts';
import { type KafkaConfig, kafkaAccess } from '../kafka.ts';
import { complaint } from '../reports/complaint.ts';

const FINE = 0;
const DIFFERENT = 1;
const UNKNOWN = 2;

/** `muster topics`. Exit code 0: the topics match the configuration. 1: they do not. 2: they cannot be checked. */
export function topicsCommand(): Command {
  const subcommand = (name: string, description: string, look: Look) =>
    new Command(name)
      .description(description)
      .requiredOption('--config <file>', 'the YAML file that describes the region')
      .action(async ({ config }: { config: string }) => {
        process.exitCode = await run(config, look);
      });
  return new Command('topics')
    .description('compare the Kafka topics of the bus with the configuration, or create and change them')
    .addCommand(subcommand('check', 'print all differences; changes nothing', (admin) => admin.check()))
    .addCommand(subcommand('apply', 'create them, and make all changes that remove nothing', apply));
}

/** Checks the topics, or changes them. */
type Look = (admin: TopicsAdmin, tell: Tell) => Promise<TopicsState>;
type Tell = (mark: string, topic: string, what: string) => void;

const apply: Look = (admin, tell) => admin.apply((topic, step) => tell('+', topic, describeStep(step)));

async function run(file: string, look: Look): Promise<number> {
  try {
    const { bus } = await loadConfig(file);
    if (bus.driver !== 'kafka') throw new Error(`bus.driver is ${bus.driver}, which needs no topics`);
    return await lookAt(bus, look);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(complaint('muster topics', error, permissions(error)));
    return UNKNOWN;
  }
}

/** Kafka's error does not say which permission is missing. */
function permissions({ cause }: Error): string {
  const isRefused = isAnswer(cause, 'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED');
  return isRefused ? ' docs/kafka.md says which operations must be allowed.' : '';
}

async function lookAt(bus: KafkaConfig, look: Look): Promise<number> {
  const width = dlqOf(bus.topic).length;
  const tell: Tell = (mark, topic, what) => console.log(`${mark} ${topic.padEnd(width)}  ${what}`);
  const admin = new TopicsAdmin(kafkaAccess(bus, 'muster-topics'), bus);
  try {
    const { brokers, topics } = await look(admin, tell);
    for (const { wanted, found, differences } of topics) {
      if (found && differences.length === 0) tell('✓', wanted.name, describeTopic(found));
      for (const { what, step } of differences)
        tell('✗', wanted.name, step ? `${what}: \`muster topics apply\` mends it` : what);
    }
    if (brokers < bus.replication) console.log(fewBrokers(brokers, bus.replication));
    return topics.every(({ differences }) => differences.length === 0) ? FINE : DIFFERENT;
  } finally {
    await admin.close();
  }
}

/** Acceptable for a trial; otherwise a broker is down or missing. */
function fewBrokers(brokers: number, replication: number): string {
  const there = brokers === 1 ? 'there is 1 broker' : `there are ${brokers} brokers`;
  return `– ${there}, and bus.replication asks for ${replication} copies of each message`;
}
