import type { Agent, Interaction, MediaType, MediaUtilization, Utilization } from './model.ts';

const media = (maximumCapacity: number, ...interruptableMediaTypes: MediaType[]): MediaUtilization => ({
  maximumCapacity,
  interruptableMediaTypes,
  includeNonAcd: false,
});

/** One interaction at a time, whatever it is. */
export const ONE_AT_A_TIME: Utilization = {
  call: media(1),
  callback: media(1),
  chat: media(1),
  email: media(1),
  message: media(1),
};

/** Several chats and messages at once. Anything may interrupt an email, and calls may interrupt chats and messages. */
export const SEVERAL: Utilization = {
  call: media(1),
  callback: media(1),
  chat: media(3, 'call', 'message'),
  email: media(2, 'call', 'callback', 'chat', 'message'),
  message: media(4, 'call', 'chat'),
};

/**
 * The obstacle to one more interaction of a media type: one that the agent has, or `FULL` if they take none of it. An
 * interaction counts from the first ring to the end of after-call work.
 */
export function obstacle({ interactions, utilization }: Agent, mediaType: MediaType): Interaction | 'FULL' | undefined {
  const { maximumCapacity } = utilization.of[mediaType];
  if (maximumCapacity === 0) return 'FULL';
  const same = interactions.filter(({ conversation }) => conversation.mediaType === mediaType);
  if (same.length >= maximumCapacity) return same[0];
  return interactions.find(({ conversation: { mediaType: other } }) => {
    return other !== mediaType && !utilization.of[other].interruptableMediaTypes.includes(mediaType);
  });
}

/** `/routing/utilization`, and that of one user. */
export function utilizationBody(of: Utilization, level: 'Agent' | 'Organization'): object {
  return { utilization: of, labelUtilizations: {}, level };
}
