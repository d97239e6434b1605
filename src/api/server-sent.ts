import type { Numbered, Quiet } from '../routing/follow.ts';

/** How long a listener waits before it connects again, in ms. */
const RECONNECT_MS = 1000;

/** What a stream begins with. */
export const RETRY = `retry: ${RECONNECT_MS}\n\n`;
/** What it ends with where its instance is shutting down: another one goes on. */
export const DRAINING = 'event: draining\ndata: {}\n\n';

/** One event of a stream, as the HTML standard has it; without news a comment, and the id that the listener is to keep. */
export function render(news: Numbered | Quiet): string {
  if (news.event === 'quiet') return `: \nid: ${news.id}\n\n`;
  const id = news.id === undefined ? '' : `id: ${news.id}\n`;
  // JSON holds no line breaks of its own.
  return `event: ${news.event}\n${id}data: ${JSON.stringify(news.data)}\n\n`;
}
