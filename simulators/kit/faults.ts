import { InvalidSetting } from './errors.ts';
import { Random } from './random.ts';

/** The faults of a simulator, by name: the kind of value, its default, and the effect in words. */
export type FaultTable = Record<string, { takes: keyof Values; default: unknown; says: string }>;

interface Values {
  probability: number;
  count: number;
  milliseconds: number;
  switch: boolean;
  list: readonly string[];
}

export type SettingsOf<Table extends FaultTable> = { -readonly [Name in keyof Table]: Values[Table[Name]['takes']] };

type NamesOf<Table extends FaultTable, Takes> = {
  [Name in keyof Table]: Table[Name]['takes'] extends Takes ? Name : never;
}[keyof Table];

/** A fault that does not exist, or an impossible value of one. */
export class InvalidFault extends InvalidSetting {}

const VALID: Record<keyof Values, { what: string; holds: (value: unknown) => boolean }> = {
  probability: {
    what: 'a number from 0 to 1',
    holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  count: { what: 'a whole number, 0 or more', holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0 },
  milliseconds: { what: 'a whole number of ms, below 0 too', holds: Number.isSafeInteger },
  switch: { what: 'true or false', holds: (value) => typeof value === 'boolean' },
  list: {
    what: 'a list of words',
    holds: (value) => Array.isArray(value) && value.every((word) => typeof word === 'string'),
  },
};

/** The faults of one simulator as they are set now. */
export class FaultBox<Table extends FaultTable> {
  readonly #table: Table;
  readonly #settings: SettingsOf<Table>;
  readonly #random: Random;

  constructor(table: Table, settings: Partial<SettingsOf<Table>>, seed: number) {
    const defaults = Object.entries(table).map(([name, fault]) => [name, fault.default]);
    this.#table = table;
    this.#settings = Object.fromEntries(defaults) as SettingsOf<Table>;
    this.#random = new Random(seed);
    this.set(settings);
  }

  get settings(): Readonly<SettingsOf<Table>> {
    return this.#settings;
  }

  /** Changes what is named and leaves the rest. @throws InvalidFault and then nothing has changed */
  set(changes: Partial<SettingsOf<Table>>): void {
    for (const [name, value] of Object.entries(changes)) {
      const fault = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
      if (!fault) throw new InvalidFault(`There is no fault "${name}".`);
      const { what, holds } = VALID[fault.takes];
      if (!holds(value)) throw new InvalidFault(`"${name}" (${fault.says}) takes ${what}.`);
    }
    Object.assign(this.#settings, changes);
  }

  /** Whether the fault strikes this time. */
  strikes(name: NamesOf<Table, 'probability'>): boolean {
    return this.#random.chance(this.#settings[name] as number);
  }

  /** Whether one of the counted failures is due; uses it up. */
  takeOne(name: NamesOf<Table, 'count'>): boolean {
    const settings: Record<keyof Table, unknown> = this.#settings;
    const left = settings[name] as number;
    if (left === 0) return false;
    settings[name] = left - 1;
    return true;
  }
}
