import type { Media } from '../../src/agent/facets.ts';

/** What the local world must know of a simulated organisation, as its own API tells it. */
export interface Organisation {
  queues: PlatformQueue[];
  /** What its agents can be asked for, by name. */
  skills: string[];
  userIds: string[];
}

export interface PlatformQueue {
  id: string;
  name: string;
  /** What arrives in it. */
  media: Media;
}

/** What the local world calls the queues of this name of all organisations together. */
export const virtualName = (title: string): string => title.toLowerCase().replaceAll(' ', '-');
