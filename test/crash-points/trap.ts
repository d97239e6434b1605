import { LANES, type Lane, nameOf, type Point } from './names.ts';
import type { Fault } from './regions.ts';
import type { Passing, Watcher } from './wire.ts';

/** Between instance and bus. A failover of the store does not break them. */
const OF_BUS: ReadonlySet<string> = new Set(['publish', 'publish-heartbeat', 'bus-read', 'advance']);

/** A relay reads its domain again within this time, and passes what it has published. */
const RELAY_LINGER_MS = 1200;
/** Positions are saved, and a write without a replica is answered, within this time. */
const LINGER_MS = 150;
const LOSSY_LINGER_MS = 700;

/**
 * Follows the commands of one lane's step, among all others: those that name its subject, and those that come next because of
 * them.
 */
class Follower {
  readonly #lane: Lane;
  readonly #subject: string;
  /** Names of commands of the step that are answered. */
  readonly #answered = new Set<string>();

  constructor(lane: Lane, subject: string) {
    this.#lane = lane;
    this.#subject = subject;
  }

  /** The name, if the command belongs to the step. */
  see(passing: Passing): string | undefined {
    const name = nameOf(passing);
    const isOfStep = (LANES[this.#lane] as readonly string[]).includes(name) && this.#belongs(name, passing);
    if (isOfStep && passing.direction === 'answered') this.#answered.add(name);
    return isOfStep ? name : undefined;
  }

  #belongs(name: string, { direction, command, before, reply }: Passing): boolean {
    if (name.endsWith('.wait')) {
      const after = name.replace('.wait', '');
      return this.#belongs(after, { direction, command: before, before: [] });
    }
    switch (name) {
      case 'outbox-read':
        return this.#answered.has(LANES[this.#lane][0]);
      case 'outbox-pass':
        return this.#answered.has('publish');
      case 'publish-heartbeat':
        return this.#answered.has('outbox-read');
      case 'positions':
      case 'advance':
        return this.#answered.has('commit.wait');
      case 'bus-read':
        return direction === 'sent' || reply?.includes(this.#subject) === true;
      case 'beat':
      case 'heartbeat-mark':
        return true;
      default:
        return command.some((word) => word.includes(this.#subject));
    }
  }
}

/** A master fails at once. An instance goes on beside the command that is held back, and then dies. */
function lingerOf({ command }: Point, fault: Fault): number {
  if (fault === 'failover') return 0;
  if (fault === 'lossy') return LOSSY_LINGER_MS;
  return command === 'publish' ? RELAY_LINGER_MS : LINGER_MS;
}

/** Springs once, at a point. */
export class Trap implements Watcher {
  readonly sprung: Promise<void>;
  readonly #point: Point;
  readonly #follower: Follower;
  readonly #strike: () => Promise<void>;
  readonly letsPass: boolean;
  readonly lingerMs: number;
  readonly #fault: Fault;
  #isSet = true;
  #done: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;

  /**
   * @param strike breaks what is to be broken, and judges it
   */
  constructor(point: Point, fault: Fault, subject: string, strike: () => Promise<void>) {
    this.#point = point;
    this.#fault = fault;
    this.letsPass = fault === 'lossy';
    this.lingerMs = lingerOf(point, fault);
    this.#follower = new Follower(point.lane, subject);
    this.#strike = strike;
    this.sprung = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    this.sprung.catch(() => undefined);
  }

  see(passing: Passing): boolean {
    const name = this.#follower.see(passing);
    if (!this.#isSet || name !== this.#point.command || passing.direction !== this.#point.direction) return false;
    this.#isSet = false;
    return true;
  }

  async spring(): Promise<'pass' | 'break'> {
    await this.#strike().then(this.#done, this.#failed);
    return this.#fault === 'kill' || !OF_BUS.has(this.#point.command) ? 'break' : 'pass';
  }
}

/** Notes everything that passes. */
export class Recorder implements Watcher {
  readonly letsPass = true;
  readonly lingerMs = 0;
  /** Names of all commands. */
  readonly names = new Set<string>();
  /** Names of those that belong to the step, with their directions. */
  readonly ofStep = new Set<string>();
  readonly #follower: Follower;

  constructor(lane: Lane, subject: string) {
    this.#follower = new Follower(lane, subject);
  }

  see(passing: Passing): boolean {
    this.names.add(nameOf(passing));
    const name = this.#follower.see(passing);
    if (name !== undefined) this.ofStep.add(`${name}:${passing.direction}`);
    return false;
  }

  async spring(): Promise<'pass'> {
    return 'pass';
  }
}
