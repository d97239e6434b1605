import { Argument, Command, Option } from 'commander';
import { BUS_PARTS } from '../../config/examples/bus-parts.ts';
import { type BusName, ESTATES, listExamples, type RedisName, renderExample } from '../../config/examples/example.ts';
import { REDIS_PARTS } from '../../config/examples/redis-parts.ts';
import { explainKey } from '../../config/explain.ts';
import { renderJsonSchema } from '../../config/json-schema.ts';
import { type CheckFlags, checkConfig } from './config-check.ts';

const FINE = 0;
const UNKNOWN_KEY = 1;

/** `muster config`: checks, explains and prints configuration files. */
export function configCommand(): Command {
  return new Command('config')
    .description('check a configuration file, print an example, or explain a key')
    .addCommand(check())
    .addCommand(example())
    .addCommand(schema())
    .addCommand(explain());
}

function check(): Command {
  return new Command('check')
    .description('print all problems of a file, one a line; changes nothing')
    .argument('<file>', 'the YAML file that describes the region')
    .option('--online', 'also compare it with its Redis Cluster and its bus')
    .option('--allow-unset', 'accept references to variables and files that do not exist here')
    .addHelpText(
      'after',
      '\nExit code 0: it is valid. 1: it is not. 2: with --online, the cluster or the bus cannot be reached.',
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
    .description('print an example configuration file with comments')
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
    .description('print the meaning, type, default and unit of a key')
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

/** Prints; ignores a reader that closes the pipe early, such as `head`. */
function print(text: string): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.stdout.write(text);
}
