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

/** `muster topics`: exit code 0 if the topics are as they should be, 1 if they are not, 2 if that cannot be said. */
export function topicsCommand(): Command {
  const subcommand = (name: string, description: string, look: Look) =>
    new Command(name)
      .description(description)
      .requiredOption('--config <file>', 'the YAML file that describes the region')
      .action(async ({ config }: { config: string }) => {
        process.exitCode = await run(config, look);
      });
  return new Command('topics')
    .description('the topics of a bus on Kafka: compare them with the configuration, or put them right')
    .addCommand(subcommand('check', 'say what is not as it should be; changes nothing', (admin) => admin.check()))
    .addCommand(subcommand('apply', 'create them, and change what can be changed without taking anything away', apply));
}

/** Looks at the topics, and changes them or not. */
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

/** Kafka says that something may not be done, and not what. */
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
        tell('✗', wanted.name, step ? `${what}: \`muster topics apply\` sees to it` : what);
    }
    if (brokers < bus.replication) console.log(fewBrokers(brokers, bus.replication));
    return topics.every(({ differences }) => differences.length === 0) ? FINE : DIFFERENT;
  } finally {
    await admin.close();
  }
}

/** Fine for a trial; else one of them is away, or missing. */
function fewBrokers(brokers: number, replication: number): string {
  const there = brokers === 1 ? '1 broker is there' : `${brokers} brokers are there`;
  return `– ${there}, and bus.replication asks for ${replication} copies of each message`;
}
