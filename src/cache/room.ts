import type { Media } from '../agent/media.ts';
import { ownStatus } from '../agent/status.ts';
import { digitalMedia, digitalUnits, exclusions, mediaOf, VOICE } from '../agent/units.ts';
import { type AgentRecord, lockOf } from './record.ts';

/**
 * How many more interactions the agent can be given now, by media type: what `open_from` in units.lua decides for one,
 * for people and for whoever plans ahead.
 * @param nowMs the store's clock, by which locks are judged
 */
export function roomOf(record: AgentRecord, nowMs: number): Partial<Record<Media, number>> {
  const { facets } = record;
  const units = digitalUnits(facets);
  const locked = Object.entries(record.locksMs).flatMap(([name, ms]) => (ms > nowMs ? [name] : []));
  const barred = new Set(exclusions(facets).flatMap(({ work, bars }) => (hasWork(work) ? [bars] : [])));
  function hasWork(media: Media): boolean {
    return locked.some((name) => mediaOf(name) === media);
  }
  const isFree = (name: string) => lockOf(record, name) <= nowMs;
  const inHand = units.filter(({ name, state }) => state === 'TAKEN' || !isFree(name)).length + (isFree(VOICE) ? 0 : 1);
  const most = Math.max(0, (facets.profile?.capacity?.total ?? Number.POSITIVE_INFINITY) - inHand);
  const free = (media: Media): number => {
    if (barred.has(media)) return 0;
    if (media === VOICE) return ownStatus(facets).status === 'AVAILABLE' && isFree(VOICE) ? 1 : 0;
    return units.filter((unit) => unit.media === media && unit.state === 'FREE' && isFree(unit.name)).length;
  };
  return Object.fromEntries(
    [VOICE as Media, ...digitalMedia(facets)].map((media) => [media, Math.min(most, free(media))]),
  );
}
