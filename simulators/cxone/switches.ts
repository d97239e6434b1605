import { InvalidSetting } from '../kit/errors.ts';

/**
 * Behaviour of CXone that public material leaves open or contradicts. The defaults are the likely choices, or the harder
 * one for a client where two are likely. A real tenant may differ, so a client must work with every choice.
 *
 * Some open questions have no switch: after-call work shows for the whole agent while it lasts (`state-of.ts`), the
 * rate limit is one for the business unit (`rest.ts`), and `agentStateCategory` is never sent, because its values are
 * unknown.
 */
export const SWITCHES = {
  /** Field names of recent versions of the API, or of old ones. */
  fieldNames: 'modern' as 'modern' | 'legacy',
  /** Whether listings other than `/agents/states` are wrapped in `resultSet`. */
  resultSet: false,
  /** HTTP status of a delta of `/agents/states` when nothing has changed. */
  emptyDelta: '200' as '200' | '204' | '304',
  /** Whether a row that changed at the very time of `updatedSince` is part of the delta. */
  updatedSince: 'after' as 'after' | 'from',
  /** Whether agents who are logged out are in `/agents/states`: always, in deltas only, never. */
  loggedOut: 'row' as 'row' | 'delta' | 'never',
  /** How an agent looks while a contact is offered to them. */
  ringing: 'inboundPending' as 'inboundPending' | 'inboundContact' | 'available',
  /** How reserved unavailable codes, which are negative, show in a row: with id, as text only, or not at all. */
  reservedCodes: 'id' as 'id' | 'text' | 'hidden',
  /** The state id during after-call work, beside `isACW`. */
  acw: 'unavailable' as 'unavailable' | 'contact',
  /** The state of an agent who has contacts and could take more. */
  partialLoad: 'inboundContact' as 'inboundContact' | 'available',
  /** How an empty field is written: as 0 or an empty text, as null, or left out. */
  none: 'zero' as 'zero' | 'null' | 'missing',
  /** The largest page, and the default one. */
  maxPageSize: 100,
  /** HTTP status of the answer to a request that does not accept JSON. */
  missingAcceptStatus: 200,
  /** Whether a login ends earlier tokens. */
  loginEndsOthers: false,
  /** Whether lists of the Admin API support `updatedSince`. */
  adminDeltas: true,
  /** HTTP status of a login with a wrong access key. */
  wrongAccessKeyStatus: 401,
  /** The body of an error. Its text is always in a header. */
  errorBody: 'empty' as 'empty' | 'html' | 'json',
};
export type Switches = typeof SWITCHES;

/** The largest number that a switch takes. */
const LARGEST_PAGE = 10_000;

const CHOICES: Partial<Record<keyof Switches, readonly unknown[]>> = {
  fieldNames: ['modern', 'legacy'],
  resultSet: [true, false],
  emptyDelta: ['200', '204', '304'],
  updatedSince: ['after', 'from'],
  loggedOut: ['row', 'delta', 'never'],
  ringing: ['inboundPending', 'inboundContact', 'available'],
  reservedCodes: ['id', 'text', 'hidden'],
  acw: ['unavailable', 'contact'],
  loginEndsOthers: [true, false],
  adminDeltas: [true, false],
  partialLoad: ['inboundContact', 'available'],
  none: ['zero', 'null', 'missing'],
  errorBody: ['empty', 'html', 'json'],
};

/** A switch that does not exist, or an impossible value of one. */
class InvalidSwitch extends InvalidSetting {}

/** Changes what is named and leaves the rest. @throws InvalidSwitch and then nothing has changed */
export function flip(switches: Switches, changes: Partial<Switches>): void {
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(SWITCHES, name)) throw new InvalidSwitch(`There is no switch "${name}".`);
    const choices = CHOICES[name as keyof Switches];
    const isNumber = Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_PAGE;
    if (choices ? choices.includes(value) : isNumber) continue;
    throw new InvalidSwitch(`"${name}" takes ${choices?.join(', ') ?? `a whole number from 1 to ${LARGEST_PAGE}`}.`);
  }
  Object.assign(switches, changes);
}
