import { randomUUID } from 'node:crypto';
import { Random } from '../kit/random.ts';
import type { Timers } from '../kit/timers.ts';
import type { AgentTopic } from './agents.ts';
import type { Channel, Channels } from './channels.ts';
import type { Faults } from './faults.ts';
import type { Agent, Interaction } from './model.ts';
import type { Timings } from './options.ts';
import type { Sockets } from './socket.ts';

/** Writes the body of each topic from the agent's present state; for a conversation, of the one that has changed. */
export type EventBodies = Record<AgentTopic, (agent: Agent, interaction?: Interaction) => object | undefined>;

/**
 * Turns changes into notifications. An event describes the state when it happened and arrives after its own lag, so events
 * of two topics, and even two of one topic, may overtake each other. Nothing is kept for clients that are away.
 */
export class Notifications {
  readonly #bodies: EventBodies;
  readonly #channels: Channels;
  readonly #sockets: Sockets;
  readonly #faults: Faults;
  readonly #timings: Timings;
  readonly #timers: Timers;
  readonly #random: Random;

  constructor(
    bodies: EventBodies,
    parts: { channels: Channels; sockets: Sockets; faults: Faults; timers: Timers },
    timings: Timings,
    seed: number,
  ) {
    this.#bodies = bodies;
    this.#channels = parts.channels;
    this.#sockets = parts.sockets;
    this.#faults = parts.faults;
    this.#timers = parts.timers;
    this.#timings = timings;
    this.#random = new Random(seed);
  }

  /** How late a notification may arrive, in ms; null if it may be lost. */
  lagMs(): number | null {
    const {
      dropEvents,
      malformFrames,
      silentSockets,
      delayEvents,
      delayMs,
      reorderEvents,
      refusedTopics,
      otherDivision,
    } = this.#faults.settings;
    const isUnheard = refusedTopics.length + otherDivision.length > 0;
    if (dropEvents > 0 || malformFrames > 0 || silentSockets || isUnheard) return null;
    // A frame that is held back goes with the next one, at the latest with a heartbeat.
    const waitsMs = reorderEvents > 0 ? this.#timings.heartbeatMs : 0;
    return this.#timings.lagToMs + (delayEvents > 0 ? delayMs : 0) + waitsMs;
  }

  publish(agent: Agent, topic: AgentTopic, interaction?: Interaction): void {
    const topicName = `v2.users.${agent.user.id}.${topic}`;
    const listeners = this.#channels.listeners(topicName);
    const { refusedTopics } = this.#faults.settings;
    if (listeners.size === 0 || refusedTopics.includes(topic) || !this.#faults.covers(agent.user.id)) return;
    const eventBody = this.#bodies[topic](agent, interaction);
    const frame = JSON.stringify({ topicName, version: '2', eventBody, metadata: { CorrelationId: randomUUID() } });
    for (const channel of listeners) this.#dispatch(channel, frame);
  }

  #dispatch(channel: Channel, frame: string): void {
    if (this.#faults.strikes('dropEvents')) return;
    this.#later(() => this.#deliver(channel, frame));
    if (this.#faults.strikes('duplicateEvents')) this.#later(() => this.#sockets.send(channel, frame));
  }

  #later(task: () => void): void {
    const { lagFromMs, lagToMs } = this.#timings;
    const extraMs = this.#faults.strikes('delayEvents') ? this.#faults.settings.delayMs : 0;
    this.#timers.after(this.#random.between(lagFromMs, lagToMs) + extraMs, task);
  }

  #deliver(channel: Channel, frame: string): void {
    if (this.#faults.strikes('malformFrames')) this.#sockets.send(channel, frame.slice(0, frame.length / 2));
    else if (channel.held === undefined && this.#faults.strikes('reorderEvents')) channel.held = frame;
    else this.#sockets.send(channel, frame);
  }
}
