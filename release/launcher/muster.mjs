#!/usr/bin/env node
// `muster` of the package. An older Node would end with a stack trace from a dependency, so this file imports nothing
// before it has looked at the version, and is written for any Node.
const NEEDED = 24;

if (Number(process.versions.node.split('.')[0]) < NEEDED) {
  process.stderr.write(`muster: needs Node ${NEEDED} or later, this is ${process.version}: see https://nodejs.org\n`);
  process.exitCode = 1;
} else {
  await import('../lib/cli.js');
}
