#!/usr/bin/env node
import { Command } from 'commander';
import { describeBuild, readBuild } from './ops/build.ts';

/** Loaded only when it is the one that runs. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./serve/commands/command.ts')).serveCommand()],
  ['config', async () => (await import('./serve/commands/config-command.ts')).configCommand()],
  ['acl', async () => (await import('./serve/commands/acl-command.ts')).aclCommand()],
  ['topics', async () => (await import('./serve/commands/topics-command.ts')).topicsCommand()],
  ['deadletters', async () => (await import('./serve/commands/deadletters-command.ts')).deadlettersCommand()],
  ['upgrade', async () => (await import('./serve/commands/upgrade-command.ts')).upgradeCommand()],
  ['verify', async () => (await import('./verify/command.ts')).verifyCommand()],
]);

const program = new Command('muster')
  .description('Every region agrees which agents are free, and every agent is handed to exactly one caller.')
  .showHelpAfterError('(`muster --help` lists the commands)');

const wanted = COMMANDS.get(process.argv[2] ?? '');
if (!wanted) program.version(describeBuild(readBuild()));
for (const load of wanted ? [wanted] : COMMANDS.values()) program.addCommand(await load());

await program.parseAsync();
