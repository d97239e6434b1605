#!/usr/bin/env node
import { Command } from 'commander';
import { serveCommand } from './serve/command.ts';
import { verifyCommand } from './verify/command.ts';

const program = new Command('muster')
  .description('Every region agrees which agents are free, and every agent is handed to exactly one caller.')
  .showHelpAfterError('(`muster --help` lists the commands)');

program.addCommand(serveCommand());
program.addCommand(verifyCommand());

await program.parseAsync();
