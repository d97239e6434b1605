import { explore } from './explore.ts';
import { REJECTED } from './protocol.ts';
import { BREAKS, BREAKS_WIDELY, HOLDS, HOLDS_WIDELY, worded } from './scopes.ts';
import { CONDITIONS, healthyHour } from './steady.ts';

/** `node models/completeness/run.ts [wide]`: explores all protocols, and prints what each breaks, as stories. */
const isWide = process.argv[2] === 'wide';

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

console.log('The design: every property holds in every state.');
for (const [protocol, scope] of isWide ? [...HOLDS, ...HOLDS_WIDELY] : HOLDS) {
  const since = performance.now();
  const { states, depth, broken } = explore(protocol, scope);
  console.log(`  ${protocol.name} (${worded(scope)}): ${states} states, depth ${depth}, ${seconds(since)}`);
  for (const [property, story] of broken) tell(`BROKEN: ${property}`, story);
  if (broken.size > 0) process.exitCode = 1;
}

for (const [protocol, scope, property] of isWide ? [...BREAKS, ...BREAKS_WIDELY] : BREAKS) {
  const since = performance.now();
  const { states, broken } = explore(protocol, scope, property);
  const is = Object.values<unknown>(REJECTED).includes(protocol) ? 'Rejected' : 'Misread';
  console.log(`\n${is}: ${protocol.name} (${worded(scope)}). ${states} states, ${seconds(since)}`);
  tell(`breaks "${property}"`, broken.get(property) ?? ['NO COUNTEREXAMPLE FOUND']);
  if (!broken.has(property)) process.exitCode = 1;
}

console.log('\nAn hour of a healthy region: changes a second, of them learnt over HTTP, delay of the bus in ms');
for (const conditions of CONDITIONS) {
  const { changesPerSecond, learnsPerSecond, delayMs } = conditions;
  const { uncut, cut, design } = healthyHour(conditions);
  console.log(
    `  ${changesPerSecond}, ${learnsPerSecond}, ${delayMs}: called incomplete by digests after the batch ${uncut} times, ` +
      `cut at the heartbeat ${cut}, by the design ${design.alarms} (${design.lists} lists, oldest proof ${design.oldestProofS} s)`,
  );
}

function tell(title: string, story: string[]): void {
  console.log(`  ${title}:`);
  for (const [at, line] of story.entries()) console.log(`    ${at + 1}. ${line}`);
}
