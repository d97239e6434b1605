import type { Media } from '../../src/agent/facets.ts';

/** The facts that the local world needs of a simulated organisation, read from its API. */
export interface Organisation {
  queues: PlatformQueue[];
  /** Names of the agents' skills. */
  skills: string[];
  userIds: string[];
}

export interface PlatformQueue {
  id: string;
  name: string;
  /** The medium of its interactions. */
  media: Media;
}

/** Name of the virtual queue that unites the queues with this title. */
export const virtualName = (title: string): string => title.toLowerCase().replaceAll(' ', '-');
