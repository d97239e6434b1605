import { randomUUID } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import type { Timers } from '../kit/timers.ts';
import type { Agent, Conversation, Delivery, Interaction, MediaType } from './model.ts';

/** A conversation on its way to an agent. */
export interface Send {
  conversationId: string;
  userId: string;
  queueId?: string;
  mediaType?: MediaType;
  /** Default: `acd`. */
  delivery?: Delivery;
}

/** How long an unanswered conversation waits before the caller gives up. */
const CALLER_PATIENCE_MS = 60_000;

/** The live conversations: those that agents have, and unanswered ones of the last minute. */
export class Conversations {
  readonly #live = new Map<string, Conversation>();
  readonly #clock: Clock;
  readonly #timers: Timers;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** The agent who has the conversation now. */
  holder(conversationId: string): Agent | undefined {
    const last = this.#live.get(conversationId)?.interactions.at(-1);
    return last?.agent.interactions.includes(last) ? last.agent : undefined;
  }

  /** A conversation that waits in a queue for an agent; undefined if it does not wait, or is unknown. */
  waiting(conversationId: string): Conversation | undefined {
    return this.holder(conversationId) ? undefined : this.#live.get(conversationId);
  }

  /** Begins a conversation, which waits in a queue. A known one stays as it is. */
  wait(id: string, mediaType: MediaType, queueId: string | undefined): void {
    if (this.#live.has(id)) return;
    const conversation = begin(id, mediaType, queueId, this.#clock.nowMs());
    this.#live.set(id, conversation);
    this.giveBack(conversation);
  }

  /** Adds the agent to the conversation, beginning it if it is new. */
  join({ conversationId, mediaType = 'call', queueId, delivery = 'acd' }: Send, agent: Agent): Interaction {
    const nowMs = this.#clock.nowMs();
    const conversation = this.#live.get(conversationId) ?? begin(conversationId, mediaType, queueId, nowMs);
    this.#live.set(conversationId, conversation);
    const interaction: Interaction = {
      agent,
      conversation,
      participantId: randomUUID(),
      communicationId: randomUUID(),
      delivery,
      state: 'ALERTING',
      sinceMs: nowMs,
    };
    conversation.interactions.push(interaction);
    return interaction;
  }

  end(conversation: Conversation): void {
    this.#live.delete(conversation.id);
  }

  /** The agent did not answer. The conversation waits, and ends after a while if it is not sent again. */
  giveBack(conversation: Conversation): void {
    this.#timers.after(CALLER_PATIENCE_MS, () => {
      if (!this.holder(conversation.id)) this.end(conversation);
    });
  }
}

function begin(id: string, mediaType: MediaType, queueId: string | undefined, startedMs: number): Conversation {
  const leg = () => ({ participantId: randomUUID(), communicationId: randomUUID() });
  return { id, mediaType, queueId, startedMs, customer: leg(), acd: leg(), interactions: [] };
}
