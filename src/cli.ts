#!/usr/bin/env node
import { Command } from 'commander';

/** Loaded only when it is the one that runs: an instance has no use for the local world. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['serve', async () => (await import('./serve/command.ts')).serveCommand()],
  ['acl', async () => (await import('./serve/acl-command.ts')).aclCommand()],
  ['topics', async () => (await import('./serve/topics-command.ts')).topicsCommand()],
  ['deadletters', async () => (await import('./serve/deadletters-command.ts')).deadlettersCommand()],
  ['verify', async () => (await import('./verify/command.ts')).verifyCommand()],
  ['local', async () => (await import('../local/command.ts')).localCommand()],
  ['weather', async () => (await import('../local/weather/command.ts')).weatherCommand()],
  ['token', async () => (await import('../local/token.ts')).tokenCommand()],
  ['drill', async () => (await import('../local/drill/command.ts')).drillCommand()],
  ['simulate', async () => (await import('../local/simulate.ts')).simulateCommand()],
]);

const program = new Command('muster')
  .description('Every region agrees which agents are free, and every agent is handed to exactly one caller.')
  .showHelpAfterError('(`muster --help` lists the commands)');

const wanted = COMMANDS.get(process.argv[2] ?? '');
for (const load of wanted ? [wanted] : COMMANDS.values()) program.addCommand(await load());

await program.parseAsync();
