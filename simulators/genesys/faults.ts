import { FaultBox, type FaultTable, type SettingsOf } from '../kit/faults.ts';

/** Faults that last until they are reset. Counters run down to 0. */
export const FAULTS = {
  dropEvents: { takes: 'probability', default: 0, says: 'a notification is lost' },
  duplicateEvents: { takes: 'probability', default: 0, says: 'a notification arrives twice' },
  delayEvents: { takes: 'probability', default: 0, says: 'a notification comes later by delayMs' },
  delayMs: { takes: 'count', default: 2_000, says: 'how much later' },
  reorderEvents: { takes: 'probability', default: 0, says: 'a notification changes places with the next one' },
  malformFrames: { takes: 'probability', default: 0, says: 'a notification arrives cut in half' },
  silentSockets: {
    takes: 'switch',
    default: false,
    says: 'sockets stay open and deliver nothing, not even heartbeats',
  },
  omitExpands: { takes: 'list', default: [], says: 'expanded fields that users lack' },
  missingPermissions: { takes: 'list', default: [], says: 'permissions the client has lost: 403' },
  refusedTopics: {
    takes: 'list',
    default: [],
    says: 'topics of users that the client may not subscribe to: rejected, and no longer delivered',
  },
  otherDivision: {
    takes: 'list',
    default: [],
    says: 'ids of users and queues in a division that the client’s role does not cover',
  },
  otherDivisionListed: { takes: 'switch', default: false, says: 'those are still in lists, and refused by id' },
  unauthorizedNext: { takes: 'count', default: 0, says: 'number of requests that are answered with 401' },
  throttleNext: { takes: 'count', default: 0, says: 'number of requests that are answered with 429' },
  retryAfterSeconds: { takes: 'count', default: 1, says: 'Retry-After of those' },
  failNext: { takes: 'count', default: 0, says: 'number of requests that are answered with 500' },
} as const satisfies FaultTable;

export type FaultSettings = SettingsOf<typeof FAULTS>;

export class Faults extends FaultBox<typeof FAULTS> {
  constructor(settings: Partial<FaultSettings>, seed: number) {
    super(FAULTS, settings, seed);
  }

  /** Whether the client's role covers the division of a user or queue. */
  covers(id: string): boolean {
    return !this.settings.otherDivision.includes(id);
  }

  /** Whether a user or queue is in lists that the client reads. */
  lists(id: string): boolean {
    return this.settings.otherDivisionListed || this.covers(id);
  }
}

/** Actions that happen once, at once. */
export interface FaultActions {
  /** Closes every socket with this code; 1006 breaks it without a close frame. */
  closeSockets: number;
  /** Sends `v2.system.socket_closing`, and closes after the notice. */
  announceClosing: true;
  /** Ends every token, and with them their channels. */
  revokeTokens: true;
  /** Ends every channel. */
  forgetChannels: true;
}
