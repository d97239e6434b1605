import { faultSteps } from './fault-steps.ts';
import { homeSteps } from './home-steps.ts';
import { outsideSteps } from './outside-steps.ts';
import { brokenBy, hasEnded, isBroken, type Property } from './properties.ts';
import type { Protocol } from './protocol.ts';
import { readerSteps } from './reader-steps.ts';
import { keyOf, type Scope, type State, startOf } from './state.ts';
import type { Step } from './step.ts';

interface Exploration {
  states: number;
  /** Steps of the longest of the shortest ways to a state. */
  depth: number;
  /** By property that is broken: the shortest story that breaks it. */
  broken: Map<Property, string[]>;
}

const stepsFrom = (state: State, scope: Scope, protocol: Protocol): Step[] => [
  ...homeSteps(state, scope, protocol),
  ...outsideSteps(state, scope, protocol),
  ...state.readers.flatMap((_, at) => readerSteps(state, at, protocol)),
  ...faultSteps(state, scope, protocol),
];

/** More states than fit into memory. */
const MOST_STATES = 4_000_000;

/**
 * Visits every state that can be reached, breadth first, so that the first story found is a shortest one. Then it looks for
 * states from which no order of the work that is left leads to a good end. If there is none, every order ends well that gives
 * each step its turn again and again.
 * @param until ends the exploration as soon as this property is broken
 * @throws Error if there are more states than fit into memory: nothing is known then
 */
export function explore(protocol: Protocol, scope: Scope, until?: Property): Exploration {
  const found = new Graph(protocol, scope);
  const isWhole = found.visitAll(until);
  if (isWhole) found.findStuck();
  return { states: found.states, depth: found.depth, broken: found.broken };
}

class Graph {
  depth = 0;
  readonly broken = new Map<Property, string[]>();
  readonly #protocol: Protocol;
  readonly #scope: Scope;
  readonly #numbers = new Map<string, number>();
  /** By number of the state: whence it was first reached, by which step, and how deep it lies. */
  readonly #from: number[] = [-1];
  readonly #by: number[] = [-1];
  readonly #depths: number[] = [0];
  /** Steps of work, as pairs of numbers: from, to. */
  readonly #work: number[] = [];
  readonly #ended: number[] = [];

  constructor(protocol: Protocol, scope: Scope) {
    this.#protocol = protocol;
    this.#scope = scope;
  }

  get states(): number {
    return this.#numbers.size;
  }

  /** Whether everything was visited. */
  visitAll(until: Property | undefined): boolean {
    const first = startOf(this.#scope);
    this.#numbers.set(keyOf(first), 0);
    let layer: [number, State][] = [[0, first]];
    while (layer.length > 0) {
      const next: [number, State][] = [];
      for (const [number, state] of layer) {
        this.#visit(number, state, next);
        if (until !== undefined && this.broken.has(until)) return false;
      }
      layer = next;
    }
    return true;
  }

  #visit(number: number, state: State, next: [number, State][]): void {
    if (hasEnded(state, this.#protocol)) this.#ended.push(number);
    for (const property of isBroken(state, this.#scope, this.#protocol)) this.#note(property, number);
    for (const [at, step] of stepsFrom(state, this.#scope, this.#protocol).entries()) {
      const key = keyOf(step.next);
      let reached = this.#numbers.get(key);
      if (reached === undefined) {
        reached = this.#numbers.size;
        if (reached >= MOST_STATES) throw new Error(`more than ${MOST_STATES} states: explore a smaller scope`);
        this.#numbers.set(key, reached);
        this.#from[reached] = number;
        this.#by[reached] = at;
        this.depth = this.#depths[reached] = (this.#depths[number] as number) + 1;
        next.push([reached, step.next]);
      }
      if (step.kind === 'work') this.#work.push(number, reached);
      for (const property of brokenBy(state, step)) this.#note(property, number, step.text);
    }
  }

  /** Goes back from the good ends along the work; what is not met cannot end well. */
  findStuck(): void {
    const before: number[][] = Array.from({ length: this.states }, () => []);
    for (let at = 0; at < this.#work.length; at += 2)
      before[this.#work[at + 1] as number]?.push(this.#work[at] as number);
    const endsWell = new Uint8Array(this.states);
    const open = [...this.#ended];
    for (const number of open) endsWell[number] = 1;
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      for (const earlier of before[number] ?? []) {
        if (endsWell[earlier] === 1) continue;
        endsWell[earlier] = 1;
        open.push(earlier);
      }
    }
    const stuck = endsWell.indexOf(0);
    if (stuck >= 0)
      this.#note('ends complete', stuck, 'from here on, without further faults, it never ends complete and equal');
  }

  #note(property: Property, number: number, last?: string): void {
    if (this.broken.has(property)) return;
    const story = this.#storyOf(number);
    this.broken.set(property, last === undefined ? story : [...story, last]);
  }

  /** Walks the way again, since states are not kept. */
  #storyOf(number: number): string[] {
    const way: number[] = [];
    for (let at = number; at > 0; at = this.#from[at] as number) way.push(this.#by[at] as number);
    let state = startOf(this.#scope);
    return way.reverse().map((at) => {
      const step = stepsFrom(state, this.#scope, this.#protocol)[at] as Step;
      state = step.next;
      return step.text;
    });
  }
}
