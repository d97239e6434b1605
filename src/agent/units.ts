import type { Claim, Facets } from './facets.ts';
import { type DigitalMedia, limitOf, type Media, ONE_CALL } from './media.ts';
import { countOf, ownStatus, type Work, workOf } from './status.ts';

/**
 * An agent's capacity is dealt out in units, and a claim takes one: `voice`, of which there is one, and `chat-1`,
 * `chat-2` … for as many as the agent may carry. What holds of an agent's claims holds of each unit by itself: one
 * register, one order of fences, nobody booked twice.
 */
export const VOICE = 'voice';

interface Unit {
  /** E.g. `chat-2`. */
  name: string;
  media: Media;
  /** Whether the agent's capacity has it. One that was claimed before the capacity shrank is given to nobody any more. */
  isOffered: boolean;
}

/** A unit's name as claim ids carry it: a media type and a number. */
export const UNIT_NAME = '[a-z_]+-[1-9][0-9]{0,2}';

/** The media type that a unit is for. */
export function mediaOf(unit: string | undefined): Media {
  return (unit?.replace(/-\d+$/, '') ?? VOICE) as Media;
}

/** The media types besides voice that the agent takes, in a fixed order. */
export function digitalMedia({ profile }: Facets): DigitalMedia[] {
  const media = Object.entries(profile?.capacity?.media ?? {});
  return media.flatMap(([name, { units }]) => (name !== VOICE && units > 0 ? [name as DigitalMedia] : [])).sort();
}

/** Every unit besides voice: those that the agent's capacity has, and those that were claimed before it shrank. */
export function digitalUnits(facets: Facets): Unit[] {
  const units = digitalMedia(facets).flatMap((media) => {
    const count = facets.profile?.capacity?.media[media]?.units ?? 0;
    return Array.from({ length: count }, (_, i): Unit => ({ name: `${media}-${i + 1}`, media, isOffered: true }));
  });
  const names = new Set(units.map(({ name }) => name));
  const left = Object.keys(facets.digitalClaims ?? {}).filter((name) => !names.has(name));
  return [...units, ...left.map((name) => ({ name, media: mediaOf(name), isOffered: false }))];
}

/** The claim on a unit. */
export function claimOn({ claim, digitalClaims }: Facets, unit: string): Claim | undefined {
  return unit === VOICE ? claim : digitalClaims?.[unit];
}

/** A type of which one more may come. */
export interface Opening {
  media: Media;
  /** By the limit of the type, at least 1. */
  left: number;
  /** How many the platform tells of. */
  inHand: number;
  /** Other types beside whose work they may come. */
  beside: Media[];
}

/** What may still be taken of an agent by all that the platform tells: whoever uses it takes off live locks. */
interface Openings {
  /** The types of which at least one more may come. */
  open: Opening[];
  /** How many more interactions may come, all together; absent where only the types count. */
  left?: number;
  /** What is counted in it: a lock for one of these takes nothing off. */
  told: Work[];
}

/** What may still be taken of an agent but for claims: what the region's store keeps, and its scripts go by. */
export function openingsOf(facets: Facets): Openings {
  const told = workOf(facets);
  const capacity = facets.profile?.capacity ?? ONE_CALL;
  const open = takenMedia(facets).flatMap((media): Opening[] => {
    if (ownStatus(facets, media).status !== 'AVAILABLE') return [];
    const inHand = countOf(media, told);
    const { beside = [] } = capacity.media[media] ?? {};
    return [{ media, left: limitOf(capacity, media) - inHand, inHand, beside }];
  });
  const { total } = capacity;
  return { open, told, ...(total !== undefined && { left: total - told.length }) };
}

const takenMedia = (facets: Facets): Media[] => [VOICE, ...digitalMedia(facets)];

/**
 * How many more interactions the agent can be given now, by media type: the openings less what live locks take off, as
 * `open_from` in units.lua has it for one. A lock takes one off its type and off the total, unless the interaction that
 * it is for is told of, and keeps away what may not come beside its type.
 * @param isLocked whether a claim holds the unit, by the store's clock
 */
export function roomLeft(facets: Facets, isLocked: (unit: string) => boolean): Partial<Record<Media, number>> {
  const { open, told, left = Number.POSITIVE_INFINITY } = openingsOf(facets);
  const units: Unit[] = [{ name: VOICE, media: VOICE, isOffered: true }, ...digitalUnits(facets)];
  const locked = units.filter(({ name }) => isLocked(name));
  const untold = locked.filter((unit) => !told.some((work) => isFor(facets, unit, work)));
  const roomFor = (media: Media): number => {
    const opening = open.find((each) => each.media === media);
    if (!opening || locked.some((unit) => unit.media !== media && !opening.beside.includes(unit.media))) return 0;
    const same = told.filter((work) => work.media === media);
    const taking = locked.filter((unit) => unit.media === media && !same.some((work) => isFor(facets, unit, work)));
    const free = units.filter((unit) => unit.media === media && unit.isOffered && !isLocked(unit.name));
    return Math.max(0, Math.min(opening.left - taking.length, left - untold.length, free.length));
  };
  return Object.fromEntries(takenMedia(facets).map((media) => [media, roomFor(media)]));
}

/** Whether the unit is held for this interaction: of voice there is only one, under whatever name. */
function isFor(facets: Facets, { name, media }: Unit, work: Work): boolean {
  if (media === VOICE && work.media === VOICE) return true;
  return work.callId !== undefined && claimOn(facets, name)?.callId === work.callId;
}
