import { drillCommand } from './command.ts';

await drillCommand().parseAsync();
