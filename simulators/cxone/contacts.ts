import type { Clock } from '../kit/clock.ts';
import type { Timers } from '../kit/timers.ts';
import type { MediaTypeId } from './dictionaries.ts';
import type { Contact, ContactState } from './model.ts';
import type { Skill } from './org.ts';

/** How long an unanswered contact stays queued before the customer gives up. */
const CUSTOMER_PATIENCE_MS = 60_000;
/** Number of ended contacts that are kept. */
const KEPT_ENDED = 1_000;
const FIRST_CONTACT_ID = 220_033_988_000;

/** The live contacts, and the last ended ones. */
export class Contacts {
  readonly ended: Contact[] = [];
  readonly #live = new Map<string, Contact>();
  readonly #clock: Clock;
  readonly #timers: Timers;
  #lastId = FIRST_CONTACT_ID;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get live(): Contact[] {
    return [...this.#live.values()];
  }

  find(conversationId: string): Contact | undefined {
    return this.#live.get(conversationId);
  }

  byId(contactId: number): Contact | undefined {
    return this.live.find((contact) => contact.contactId === contactId);
  }

  /** If the sender's id is a whole number, it becomes the contact's id. */
  begin(conversationId: string, skill: Skill, mediaTypeId: MediaTypeId): Contact {
    const nowMs = this.#clock.nowMs();
    const given = /^[1-9]\d{0,14}$/.test(conversationId) ? Number(conversationId) : undefined;
    const contact: Contact = {
      contactId: given ?? ++this.#lastId,
      conversationId,
      skill,
      mediaTypeId,
      startedMs: nowMs,
      fromAddress: mediaTypeId === 1 ? 'customer@example.com' : '5550199',
      toAddress: mediaTypeId === 1 ? 'service@example.com' : '5550111',
      state: 'QUEUED',
      sinceMs: nowMs,
      targetAgentId: 0,
      holdCount: 0,
    };
    this.#live.set(conversationId, contact);
    return contact;
  }

  enter(contact: Contact, state: ContactState): void {
    contact.state = state;
    contact.sinceMs = this.#clock.nowMs();
  }

  end(contact: Contact): void {
    this.enter(contact, 'COMPLETE');
    if (!this.#live.delete(contact.conversationId)) return;
    this.ended.push(contact);
    if (this.ended.length > KEPT_ENDED) this.ended.shift();
  }

  /** Queues a contact again that its agent did not take. It ends after a while if it is not sent again. */
  giveBack(contact: Contact): void {
    this.enter(contact, 'QUEUED');
    contact.agent = undefined;
    contact.targetAgentId = 0;
    this.#timers.after(CUSTOMER_PATIENCE_MS, () => {
      if (contact.state === 'QUEUED') this.end(contact);
    });
  }
}
