import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Listr } from 'listr2';
import type { StartFlags } from './options.ts';
import { WAYS } from './platforms/scripts.ts';
import { Folder } from './tools/folder.ts';
import { Signals } from './tools/signals.ts';
import type { Step } from './tools/step.ts';
import { watch } from './watch.ts';
import { type Control, startControl } from './weather/control.ts';
import type { WeatherKind } from './weather/figures.ts';
import { announce } from './weather/whereabouts.ts';
import { startWorld, type World } from './world.ts';

const WELL = 0;
const WRONG = 1;
const UNUSABLE = 2;

/** One run of `npm start`, from its options to its exit code. */
export class Run {
  readonly #flags: StartFlags;
  readonly #signals = new Signals();
  readonly #out = process.stdout;

  constructor(flags: StartFlags) {
    this.#flags = flags;
  }

  async toTheEnd(): Promise<number> {
    // A closed terminal must not prevent the end of the world in order.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
    const obstacle = this.#obstacle();
    if (obstacle) {
      process.stderr.write(`npm start: ${obstacle}\n`);
      return UNUSABLE;
    }
    let world: World | undefined;
    try {
      world = await this.#start();
      return await this.#live(world);
    } catch (error) {
      if (this.#signals.asked.aborted && !world) return WELL;
      process.stderr.write(`npm start: ${error instanceof Error ? error.message : error}\n`);
      return WRONG;
    } finally {
      await world?.stop();
      this.#signals.ignore();
    }
  }

  /** Checks at the start that the files for the end can be written. */
  #obstacle(): string | undefined {
    const { report, readyFile, keep } = this.#flags;
    if (keep !== undefined && !Folder.isFree(keep)) return `${keep} is not an empty folder`;
    for (const file of [report, readyFile]) {
      if (file === undefined) continue;
      try {
        accessSync(dirname(resolve(file)), constants.W_OK);
      } catch {
        return `${file} cannot be written: there is no folder ${dirname(resolve(file))} to write to`;
      }
    }
    return undefined;
  }

  #start(): Promise<World> {
    const { agents, callsPerSecond, seed, replicas, bus, delivery, calm, keep, auth = false } = this.#flags;
    const weather: WeatherKind = calm ? 'calm' : 'real';
    const ways = delivery === undefined ? WAYS : [delivery];
    const calls = { agents, callsPerSecond, seed, replicas, bus, ways, weather, auth };
    const given = { ...calls, histories: this.#judges, signal: this.#signals.asked };
    return startWorld({ ...given, ...(keep !== undefined && { keep }) }, showSteps);
  }

  /** Whether the histories are judged at the end. */
  get #judges(): boolean {
    return this.#flags.duration !== undefined || this.#flags.report !== undefined;
  }

  async #live(world: World): Promise<number> {
    const control = await startControl({ weather: world.weather, organisations: world.organisations });
    const takeBack = announce({ url: control.url, folder: world.dir });
    try {
      return await this.#watchOver(world, control);
    } finally {
      takeBack();
      await control.stop();
    }
  }

  async #watchOver(world: World, control: Control): Promise<number> {
    const { duration, readyFile } = this.#flags;
    this.#out.write(greeting(world, control, this.#flags.auth === true));
    if (readyFile) writeJson(readyFile, whereabouts(world, control));
    world.callers.start();
    const over = new AbortController();
    const watching = watch(world, this.#out, over.signal);
    const death = await Promise.race([world.death(), this.#end(duration)]);
    over.abort();
    await watching;
    if (death) {
      process.stderr.write(`npm start: ${death}\n`);
      return WRONG;
    }
    return this.#judges ? this.#judge(world) : WELL;
  }

  /** Resolves when the time is over or a signal asks to end. */
  async #end(durationSeconds: number | undefined): Promise<undefined> {
    const forever = 2 ** 31 - 1;
    const ms = durationSeconds === undefined ? forever : durationSeconds * 1000;
    await delay(ms, undefined, { signal: this.#signals.asked }).catch(() => undefined);
  }

  async #judge(world: World): Promise<number> {
    this.#out.write(
      'Calls have ended. Agents finish their work, and then every region is compared with every platform.\n',
    );
    const report = await world.report();
    if (this.#flags.report) writeJson(this.#flags.report, report);
    const {
      double_bookings,
      double_bookings_by_verify: byVerify,
      refused_calls,
      lost_events,
      converged,
      claims,
      faults,
    } = report;
    const verdict = converged ? 'all regions agree' : 'the regions do not agree';
    this.#out.write(
      `${claims.per_second} claims/s, ${refused_calls} refused calls, ${double_bookings - byVerify} double bookings, ` +
        `${lost_events} lost events, ${verdict}.\n`,
    );
    if (byVerify > 0) this.#out.write(`${priceOfVerify(byVerify)}\n`);
    for (const fault of faults) process.stderr.write(`✗ ${fault}\n`);
    return faults.length === 0 ? WELL : WRONG;
  }
}

/** Takes the steps of the start and shows their progress. */
async function showSteps(steps: Step[]): Promise<void> {
  const tasks = (list: Step[], concurrent: boolean): Listr =>
    new Listr(
      list.map((step) => ({
        title: step.title,
        task: (_: unknown, task: { output: string }) => {
          if ('together' in step) return tasks(step.together, true);
          return step.run((progress) => {
            task.output = progress;
          });
        },
      })),
      { concurrent, registerSignalListeners: false },
    );
  await tasks(steps, false).run();
}

function greeting({ regions, connections, dir, readyMs }: World, { url: weather }: Control, isClosed: boolean): string {
  const [first, second] = regions.map(({ url }) => url);
  const token = isClosed ? ' -H "authorization: Bearer $TOKEN"' : '';
  const claim = `'{"queue": "support", "call_id": "my-call"}'`;
  return [
    '',
    `Up after ${(readyMs / 1000).toFixed(1)} s.`,
    ...regions.map(({ name, url }) => `  ${name.padEnd(16)}${url}`),
    ...connections.map(({ name, url }) => `  ${name.padEnd(16)}${url}/simulator/state`),
    `  ${'weather'.padEnd(16)}${weather}/weather`,
    `  ${'files'.padEnd(16)}${dir}`,
    '',
    'Try:',
    ...(isClosed ? ['  TOKEN=$(npm run -s world -- token)'] : []),
    `  curl -s '${first}/agents/available?queue=support'${token}`,
    `  curl -s ${second}/v1/claims${token} -H 'content-type: application/json' -d ${claim}`,
    `  curl -s ${first}/v1/regions${token}`,
    '  npm run -s world -- weather isolate eu-west-1',
    '    Europe goes on, cut off from the bus and the other regions: it gets stale there and they get stale here. Agents of',
    "    the other side are then claimed on their platform's word (`authority: verify`), which can book one twice: the line",
    '    `verified` counts these apart. `weather rejoin eu-west-1` ends it.',
    '',
    '',
  ].join('\n');
}

function priceOfVerify(count: number): string {
  return (
    `${count} more double bookings are explained by \`authority: verify\`: while a home could not be asked, agents were claimed\n` +
    "on their platform's word, and both sides chose the same. `authority: refuse` prevents it: docs/failures.md."
  );
}

/** All addresses, for programs. */
function whereabouts({ regions, connections }: World, { url: weather }: Control): object {
  return {
    regions: regions.map(({ name, url }) => ({ region: name, url })),
    simulators: connections.map(({ name, url }) => ({ connection: name, url })),
    weather,
  };
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
