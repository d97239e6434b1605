import { Command, InvalidArgumentError } from 'commander';
import { UnusableHistory } from './read.ts';
import { renderVerdict } from './render.ts';
import { type VerifyOptions, verify } from './verify.ts';

const KEPT = 0;
const BROKEN = 1;
const UNUSABLE = 2;

/** `muster verify`: exit code 0 if all promises were kept, 1 if one was broken, 2 if the input cannot be judged. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'Judge the ledger of callers and the histories of instances: was every agent handed to one caller, every event delivered?',
    )
    .argument('<file...>', 'the ledger of the callers, and histories, one per instance')
    .option('--json', 'print the verdict as JSON')
    .option('--regions <names>', 'regions that must receive every event (default: those in the histories)', readNames)
    .option('--grace-ms <ms>', 'accept that events of the last <ms> are still under way', readMs)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? KEPT : UNUSABLE))
    .action(run);
}

async function run(files: string[], { json, ...options }: VerifyOptions & { json?: true }): Promise<void> {
  try {
    const verdict = await verify(files, options);
    process.stdout.write(`${json ? JSON.stringify(verdict, undefined, 2) : renderVerdict(verdict)}\n`);
    process.exitCode = verdict.ok ? KEPT : BROKEN;
  } catch (error) {
    if (!(error instanceof UnusableHistory)) throw error;
    process.stderr.write(`muster verify: ${error.message}\n`);
    process.exitCode = UNUSABLE;
  }
}

function readNames(value: string): string[] {
  return value.split(',').filter((name) => name !== '');
}

function readMs(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError('It must be a whole number of milliseconds.');
  return Number(value);
}
