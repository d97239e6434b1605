import { parse } from '../failure.ts';

/** What a message on a channel's socket means. */
export type Frame =
  | { kind: 'event'; userId: string; topic: 'activity' | 'conversations'; body: object }
  /** Heartbeats, pongs and topics nobody asked about: the socket is alive. */
  | { kind: 'alive' }
  /** The server ends the socket in about a minute. */
  | { kind: 'closing' }
  /** Nothing more will come: the token was revoked or the subscriptions are gone. */
  | { kind: 'ended'; reason: string }
  | { kind: 'malformed' };

const USER_TOPIC = /^v2\.users\.([^.]+)\.(activity|conversations)$/;
const ENDED_TOPIC = /^v2\.system\.(no_longer_subscribed|token_revoked)\b/;

/**
 * Reads a message leniently: fields beyond the topic and its body may be missing.
 * @param onMended called where a text in it was not well-formed
 */
export function readFrame(text: string, onMended?: () => void): Frame {
  const message = parse(text, onMended);
  if (!isObject(message) || typeof message.topicName !== 'string') return { kind: 'malformed' };
  const { topicName, eventBody } = message;
  const [, userId, topic] = USER_TOPIC.exec(topicName) ?? [];
  if (userId && (topic === 'activity' || topic === 'conversations')) {
    return isObject(eventBody) ? { kind: 'event', userId, topic, body: eventBody } : { kind: 'malformed' };
  }
  if (topicName === 'v2.system.socket_closing') return { kind: 'closing' };
  const reason = ENDED_TOPIC.exec(topicName)?.[1];
  return reason ? { kind: 'ended', reason: reason.replaceAll('_', ' ') } : { kind: 'alive' };
}

/** One combined topic for a user; it counts once, and its events arrive under the topics it unites. */
export function userTopic(userId: string): { id: string } {
  return { id: `v2.users.${userId}?activity&conversations` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
