import { Random } from './random.ts';

/** What can be made to go wrong and stays wrong until it is set back. Counters run down to 0 by themselves. */
export const FAULTS = {
  dropEvents: { takes: 'probability', default: 0, says: 'a notification is lost' },
  duplicateEvents: { takes: 'probability', default: 0, says: 'a notification arrives twice' },
  delayEvents: { takes: 'probability', default: 0, says: 'a notification comes later by delayMs' },
  delayMs: { takes: 'count', default: 2_000, says: 'how much later' },
  reorderEvents: { takes: 'probability', default: 0, says: 'a notification changes places with the next one' },
  malformFrames: { takes: 'probability', default: 0, says: 'a notification arrives cut in half' },
  silentSockets: { takes: 'switch', default: false, says: 'sockets stay open and say nothing, not even heartbeats' },
  omitExpands: { takes: 'list', default: [], says: 'expanded fields that users lack' },
  missingPermissions: { takes: 'list', default: [], says: 'permissions the client has lost: 403' },
  unauthorizedNext: { takes: 'count', default: 0, says: 'so many requests are answered with 401' },
  throttleNext: { takes: 'count', default: 0, says: 'so many requests are answered with 429' },
  retryAfterSeconds: { takes: 'count', default: 1, says: 'Retry-After of those' },
  failNext: { takes: 'count', default: 0, says: 'so many requests are answered with 500' },
} as const satisfies Record<string, { takes: keyof Values; default: unknown; says: string }>;

interface Values {
  probability: number;
  count: number;
  switch: boolean;
  list: readonly string[];
}

export type FaultSettings = { -readonly [Name in keyof typeof FAULTS]: Values[(typeof FAULTS)[Name]['takes']] };

type NamesOf<Takes> = {
  [N in keyof FaultSettings]: (typeof FAULTS)[N]['takes'] extends Takes ? N : never;
}[keyof FaultSettings];

/** A fault setting that does not exist or has an impossible value; the message is for people. */
export class InvalidFault extends Error {}

const VALID: Record<keyof Values, { what: string; holds: (value: unknown) => boolean }> = {
  probability: {
    what: 'a number from 0 to 1',
    holds: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  },
  count: { what: 'a whole number, 0 or more', holds: (value) => Number.isSafeInteger(value) && (value as number) >= 0 },
  switch: { what: 'true or false', holds: (value) => typeof value === 'boolean' },
  list: {
    what: 'a list of words',
    holds: (value) => Array.isArray(value) && value.every((word) => typeof word === 'string'),
  },
};

export class Faults {
  readonly #settings: FaultSettings;
  readonly #random: Random;

  constructor(settings: Partial<FaultSettings>, seed: number) {
    const defaults = Object.entries(FAULTS).map(([name, fault]) => [name, fault.default]);
    this.#settings = Object.fromEntries(defaults) as FaultSettings;
    this.#random = new Random(seed);
    this.set(settings);
  }

  get settings(): Readonly<FaultSettings> {
    return this.#settings;
  }

  /** Changes what is named and leaves the rest. @throws InvalidFault and then nothing has changed */
  set(changes: Partial<FaultSettings>): void {
    for (const [name, value] of Object.entries(changes)) {
      if (!Object.hasOwn(FAULTS, name)) throw new InvalidFault(`There is no fault "${name}".`);
      const { takes, says } = FAULTS[name as keyof typeof FAULTS];
      const { what, holds } = VALID[takes];
      if (!holds(value)) throw new InvalidFault(`"${name}" (${says}) takes ${what}.`);
    }
    Object.assign(this.#settings, changes);
  }

  /** Whether the fault strikes this time. */
  strikes(name: NamesOf<'probability'>): boolean {
    return this.#random.chance(this.#settings[name]);
  }

  /** Whether one of the counted failures is due; uses it up. */
  takeOne(name: NamesOf<'count'>): boolean {
    if (this.#settings[name] === 0) return false;
    this.#settings[name]--;
    return true;
  }
}

/** What happens once, at once. */
export interface FaultActions {
  /** Closes every socket with this code; 1006 breaks it without a word. */
  closeSockets: number;
  /** Sends `v2.system.socket_closing`, and closes after the notice. */
  announceClosing: true;
  /** Ends every token, and with them their channels. */
  revokeTokens: true;
  /** Ends every channel. */
  forgetChannels: true;
}
