import { Command, InvalidArgumentError } from 'commander';
import { SCOPES, type Scope } from '../src/auth/scopes.ts';
import { systemClock } from '../src/ops/clock.ts';
import { mintFor } from './tools/credentials.ts';
import { findWorlds } from './weather/whereabouts.ts';

interface TokenFlags {
  scopes: Scope[];
  world?: string;
}

const WRONG = 1;
const UNUSABLE = 2;

/** `npm run world -- token`: mints a token for a local world, for users who can read its files. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('Mint a token, valid for 12 hours, for the local world that runs with --auth')
    .option('--scopes <names>', `scopes to grant, of ${SCOPES.join(',')}`, readScopes, [...SCOPES])
    .option('--world <folder>', 'folder of the world, if several run')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : UNUSABLE))
    .action(async (flags: TokenFlags) => {
      const minted = await mintOne(flags);
      if ('token' in minted) return void process.stdout.write(`${minted.token}\n`);
      process.stderr.write(`token: ${minted.obstacle}\n`);
      process.exitCode = WRONG;
    });
}

async function mintOne({ scopes, world }: TokenFlags): Promise<{ token: string } | { obstacle: string }> {
  const folders = world === undefined ? findWorlds().map(({ folder }) => folder) : [world];
  const [folder] = folders;
  if (folder === undefined) return { obstacle: 'no local world runs here; `npm start -- --auth` starts one' };
  if (folders.length > 1) return { obstacle: `several local worlds run; name one with --world: ${folders.join(', ')}` };
  const token = await mintFor(folder, scopes, systemClock);
  if (token !== undefined) return { token };
  return { obstacle: `the local world in ${folder} needs no token; \`npm start -- --auth\` starts one that does` };
}

function readScopes(text: string): Scope[] {
  return text.split(',').map((name) => {
    const scope = SCOPES.find((each) => each === name.trim());
    if (scope) return scope;
    throw new InvalidArgumentError(`"${name.trim()}" is none of ${SCOPES.join(', ')}.`);
  });
}
