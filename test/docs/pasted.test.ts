import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../../world/world.ts';
import { ask } from '../fixtures/regions.ts';

/** Where the regions listen in the pages. */
const PORTS = ['7401', '7402', '7403'];
/** Whom the pages bring on duty. */
const NEWCOMERS = ['ann', 'bea'];
/** Ids and tokens of an answer: a reader puts in their own, nobody pastes these. */
const SHOWN = /~\d{13}:|eyJ/;
/** Its status alone, on a line of its own. */
const CURL = `curl() { command curl -sS -o /dev/null -w '%{http_code}\\n' "$@"; }`;

let world: World;
beforeAll(async () => {
  world = await startWorld({ agents: 60, replicas: false, weather: 'real' });
});
afterAll(() => world?.stop());

/** What is to be pasted into a shell of those who follow a page beside a world that runs. */
function blocksOf(page: string): string[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => text);
  return blocks.filter((text) => /^curl /m.test(text) && !SHOWN.test(text.replaceAll(/^#.*$/gm, '')));
}

/** The statuses that a block shows below its requests. */
function shownIn(block: string): number[] {
  return [...block.matchAll(/^# (\d{3}) /gm)].map(([, status]) => Number(status));
}

async function paste(block: string): Promise<number[]> {
  const here = PORTS.reduce(
    (text, port, at) => text.replaceAll(`localhost:${port}`, world.regions[at]?.url.replace('http://', '') ?? ''),
    block,
  );
  const { stdout } = await promisify(execFile)('bash', ['-euc', `${CURL}\n${here}`]);
  return stdout.trim().split('\n').map(Number);
}

/** A reader looks up between two blocks: what was told has reached the other regions by then. */
async function everyRegionKnows(agents: string[]): Promise<void> {
  const urls = agents.flatMap((agent) => world.regions.map(({ url }) => `${url}/v1/agents/${agent}`));
  const unknown = async () => {
    const answers = await Promise.all(urls.map((url) => ask(url)));
    return answers.filter(({ status, body }) => status !== 200 || body.status === 'OFFLINE').length;
  };
  await expect.poll(unknown, { timeout: 45_000 }).toBe(0);
}

describe.each([
  ['README.md', 1],
  ['docs/api-by-example.md', 4],
])('%s', (page, atLeast) => {
  test('what it prints is answered as it shows, pasted at once and once more', async () => {
    const blocks = blocksOf(page);
    expect(blocks.length).toBeGreaterThanOrEqual(atLeast);
    const told: string[] = [];
    for (const block of blocks) {
      const shown = shownIn(block);
      expect(await paste(block), block).toEqual(shown);
      const again = await paste(block);
      // What is there already is 200, not 201.
      expect(
        again.map((status) => Math.floor(status / 100)),
        block,
      ).toEqual(shown.map((status) => Math.floor(status / 100)));
      told.push(...NEWCOMERS.filter((agent) => block.includes(`"agent_id": "${agent}"`)));
      await everyRegionKnows(told);
    }
  });
});
