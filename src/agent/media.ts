/** The kinds of interaction an agent can carry, in the words of the platforms' own settings. */
export const MEDIA = [
  'voice',
  'callback',
  'voicemail',
  'video',
  'chat',
  'message',
  'email',
  'social',
  'work_item',
] as const;
export type Media = (typeof MEDIA)[number];

/** What a person cannot do beside a call: of these somebody has one at a time, whoever sent it. */
export const CALLS: ReadonlySet<Media> = new Set<Media>(['voice', 'video', 'callback']);

/** Every media type but voice, of which an agent carries one at most. */
export type DigitalMedia = Exclude<Media, 'voice'>;

/** What an agent may carry of one media type. */
export interface MediaCapacity {
  /** Interactions of this type at a time. Voice counts as 1 at most. */
  units: number;
  /** Other media types beside whose work an interaction of this type may come; none: it comes to an agent without any. */
  beside: Media[];
}

/**
 * What an agent may carry at a time, by media type; a type that is not named is not taken. An agent of whom no
 * platform has said it takes one voice interaction at a time and nothing beside it.
 */
export interface Capacity {
  media: Partial<Record<Media, MediaCapacity>>;
  /** Interactions of all types together; absent where only the types count. */
  total?: number;
}

/** What an agent may carry of whom no platform has said it. */
export const ONE_CALL: Capacity = { media: { voice: { units: 1, beside: [] } } };

/** How many interactions of the type an agent may carry at a time; of voice one at most. */
export function limitOf({ media }: Capacity, of: Media): number {
  const { units = 0 } = media[of] ?? {};
  return of === 'voice' ? Math.min(1, units) : units;
}
