import { parse } from '../failure.ts';
import { readUserTopic, type UserTopic } from './requests.ts';

/** What a message on a channel's socket means. */
export type Frame =
  | { kind: 'event'; userId: string; topic: UserTopic; body: object }
  /** Heartbeats, pongs and topics nobody asked about: the socket is alive. */
  | { kind: 'alive' }
  /** The server ends the socket in about a minute. */
  | { kind: 'closing' }
  /** Nothing more will come: the token was revoked or the subscriptions are gone. */
  | { kind: 'ended'; reason: string }
  | { kind: 'malformed' };

const ENDED_TOPIC = /^v2\.system\.(no_longer_subscribed|token_revoked)\b/;

/**
 * Reads a message leniently: fields beyond the topic and its body may be missing.
 * @param onMended called where a text in it was not well-formed
 */
export function readFrame(text: string, onMended?: () => void): Frame {
  const message = parse(text, onMended);
  if (!isObject(message) || typeof message.topicName !== 'string') return { kind: 'malformed' };
  const { topicName, eventBody } = message;
  const ofUser = readUserTopic(topicName);
  if (ofUser) return isObject(eventBody) ? { kind: 'event', ...ofUser, body: eventBody } : { kind: 'malformed' };
  if (topicName === 'v2.system.socket_closing') return { kind: 'closing' };
  const reason = ENDED_TOPIC.exec(topicName)?.[1];
  return reason ? { kind: 'ended', reason: reason.replaceAll('_', ' ') } : { kind: 'alive' };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
