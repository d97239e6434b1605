import { CALLS, type Media } from '../../agent/facets.ts';
import { canonical, mapMedia } from './mapping.ts';
import type { SummaryPayload } from './payloads.ts';

/** The work that a user has, by count. After-call work shows here alone when the conversation was never seen. */
export interface OpenWork {
  /** Of what routing has sent. */
  active: number;
  acw: number;
  /** Both together, by media type; one not named has none. */
  open: Partial<Record<Media, number>>;
  /** Calls that routing has not sent; undefined where none are counted, not even as 0. Chats counted so are colleagues'; a type that nobody has met is taken for calls. */
  nonAcd?: number;
  /** Media types nobody has met before that have work, as `field:VALUE`. */
  unknown: string[];
}

/** @returns undefined where the platform has not counted */
export function openWork(summary: SummaryPayload | undefined): OpenWork | undefined {
  if (!summary) return undefined;
  const work: OpenWork = { active: 0, acw: 0, open: {}, unknown: [] };
  for (const [name, counts] of Object.entries(summary)) {
    if (typeof counts !== 'object') continue;
    const media = mapMedia(name);
    const { contactCenter, enterprise } = counts ?? {};
    if (enterprise && (!media || CALLS.has(media)))
      work.nonAcd = (work.nonAcd ?? 0) + Math.max(0, enterprise.active ?? 0);
    const { active = 0, acw = 0 } = contactCenter ?? {};
    if (active + acw <= 0) continue;
    work.active += active;
    work.acw += acw;
    if (media) work.open[media] = active + acw;
    else work.unknown.push(`conversationSummary:${canonical(name)}`);
  }
  return work;
}
