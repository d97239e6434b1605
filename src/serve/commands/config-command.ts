import { Argument, Command, Option } from 'commander';
import { BUS_PARTS } from '../../config/examples/bus-parts.ts';
import { type BusName, ESTATES, listExamples, type RedisName, renderExample } from '../../config/examples/example.ts';
import { REDIS_PARTS } from '../../config/examples/redis-parts.ts';
import { explainKey } from '../../config/explain.ts';
import { renderJsonSchema } from '../../config/json-schema.ts';
import { type CheckFlags, checkConfig } from './config-check.ts';

const FINE = 0;
const UNKNOWN_KEY = 1;

/** `muster config`: what a configuration file may hold, and whether one is right. */
export function configCommand(): Command {
  return new Command('config')
    .description('check a configuration file, print one to begin with, or say what a key means')
    .addCommand(check())
    .addCommand(example())
    .addCommand(schema())
    .addCommand(explain());
}

function check(): Command {
  return new Command('check')
    .description('say everything that is wrong with a file, a line for each; changes nothing')
    .argument('<file>', 'the YAML file that describes the region')
    .option('--online', 'also ask its Redis Cluster and its bus whether they are as it says')
    .option('--allow-unset', 'take variables and files that it refers to and that are not here for right')
    .addHelpText(
      'after',
      '\nExit code 0: it is right. 1: it is not. 2: with --online, the cluster or the bus cannot be asked.',
    )
    .action(async (file: string, flags: CheckFlags) => {
      process.exitCode = await checkConfig(file, flags);
    });
}

interface ExampleFlags {
  redis?: RedisName;
  bus?: BusName;
  list?: true;
}

function example(): Command {
  return new Command('example')
    .description('print a configuration file to begin with, with comments that say why')
    .addArgument(new Argument('[name]', 'an estate').choices(Object.keys(ESTATES)).default('small'))
    .addOption(new Option('--redis <name>', 'with this Redis').choices(Object.keys(REDIS_PARTS)))
    .addOption(new Option('--bus <name>', 'with this bus').choices(Object.keys(BUS_PARTS)))
    .option('--list', 'list the names instead')
    .action((name: keyof typeof ESTATES, { list, ...parts }: ExampleFlags) => {
      print(list ? `${listExamples()}\n` : renderExample({ ...ESTATES[name], ...parts }));
    });
}

function schema(): Command {
  return new Command('schema').description('print the JSON Schema of configuration files, for editors').action(() => {
    print(`${JSON.stringify(renderJsonSchema(), undefined, 2)}\n`);
  });
}

function explain(): Command {
  return new Command('explain')
    .description('say what a key means, what it must be, its default and its unit')
    .argument('<key>', 'its path, e.g. bus.partitions or connections.crm.home, or the end of one, e.g. heldMs')
    .action((key: string) => {
      process.exitCode = explainTo(key);
    });
}

function explainTo(key: string): number {
  const explanation = explainKey(key);
  if ('text' in explanation) {
    console.log(explanation.text);
    return FINE;
  }
  console.error(`muster config: there is no key ${key}; the nearest: ${explanation.nearest.join(', ')}`);
  return UNKNOWN_KEY;
}

/** Whoever reads may stop before the end, as `head` does. */
function print(text: string): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stdout.write(text);
}
