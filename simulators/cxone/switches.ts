import { InvalidSetting } from '../kit/errors.ts';

/**
 * What public material on CXone leaves open, or contradicts itself about. The defaults are the likely ones, or the harder
 * one for a client where two are likely; a real tenant may differ, so a client must live with every one of them.
 *
 * Some of it is behaviour without a switch: after-call work shows for the whole agent while it lasts (`state-of.ts`), the
 * rate limit is one for the business unit (`rest.ts`), and `agentStateCategory` is never sent, because its values are
 * unknown.
 */
export const SWITCHES = {
  /** Field names of recent versions of the API, or of old ones. */
  fieldNames: 'modern' as 'modern' | 'legacy',
  /** Whether listings other than `/agents/states` are wrapped in `resultSet`. */
  resultSet: false,
  /** What a delta of `/agents/states` answers when nothing has changed. */
  emptyDelta: '200' as '200' | '204' | '304',
  /** Whether a row that changed at the very time of `updatedSince` is part of the delta. */
  updatedSince: 'after' as 'after' | 'from',
  /** Whether people who are logged out are in `/agents/states`: always, in deltas only, never. */
  loggedOut: 'row' as 'row' | 'delta' | 'never',
  /** How an agent looks while a contact is offered to them. */
  ringing: 'inboundPending' as 'inboundPending' | 'inboundContact' | 'available',
  /** How reserved unavailable codes, which are negative, show in a row: with their id, by their text alone, or not at all. */
  reservedCodes: 'id' as 'id' | 'text' | 'hidden',
  /** The state id during after-call work; `isACW` says the rest. */
  acw: 'unavailable' as 'unavailable' | 'contact',
  /** The state of an agent who has contacts and could take more. */
  partialLoad: 'inboundContact' as 'inboundContact' | 'available',
  /** How a field that has nothing to say is written: as 0 or an empty text, as null, or left out. */
  none: 'zero' as 'zero' | 'null' | 'missing',
  /** The largest page, and the page of whoever asks for none. */
  maxPageSize: 100,
  /** HTTP status of the answer to a request that does not accept JSON. */
  missingAcceptStatus: 200,
  /** Whether a login ends the tokens of the ones before. */
  loginEndsOthers: false,
  /** Whether the lists of the Admin API heed the time since which something has changed. */
  adminDeltas: true,
  /** HTTP status of a login with a wrong access key. */
  wrongAccessKeyStatus: 401,
  /** What an error has for a body; its text is in a header in any case. */
  errorBody: 'empty' as 'empty' | 'html' | 'json',
};
export type Switches = typeof SWITCHES;

/** The largest `top` that anybody may set a switch to. */
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

/** A switch that does not exist or does not go there; the message is for people. */
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
