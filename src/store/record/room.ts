import type { Media } from '../../agent/facets.ts';
import { roomLeft } from '../../agent/status.ts';
import { type AgentRecord, lockOf } from './record.ts';

/**
 * How many more interactions the agent would be given now, by media type, for people and for whoever plans ahead.
 * @param nowMs the store's clock, by which locks are judged
 */
export function roomOf(record: AgentRecord, nowMs: number): Partial<Record<Media, number>> {
  return roomLeft(record.facets, (unit) => lockOf(record, unit) > nowMs);
}
