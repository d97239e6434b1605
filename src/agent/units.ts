import type { Claim, Facets, Interaction, Stamped } from './facets.ts';
import type { DigitalMedia, Media } from './media.ts';
import { liveDigital, ownStatus } from './status.ts';

/**
 * An agent's capacity is dealt out in units, and a claim takes one: `voice`, of which there is one, and `chat-1`,
 * `chat-2` … for as many as the agent may carry. What holds of an agent's claims holds of each unit by itself: one
 * register, one order of fences, nobody booked twice.
 */
export const VOICE = 'voice';

export interface DigitalUnit {
  /** E.g. `chat-2`. */
  name: string;
  media: DigitalMedia;
  /**
   * But for claims: `FREE`; `TAKEN` by an interaction that the platform tells of; `CLOSED`, because the agent takes
   * no such interaction now.
   */
  state: 'FREE' | 'TAKEN' | 'CLOSED';
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

/**
 * Every unit besides voice: those that the agent's capacity has, and those that were claimed before it shrank, which
 * nobody is given any more.
 */
export function digitalUnits(facets: Facets): DigitalUnit[] {
  const units = digitalMedia(facets).flatMap((media) => unitsOf(facets, media));
  const names = new Set(units.map(({ name }) => name));
  const left = Object.keys(facets.digitalClaims ?? {}).filter((name) => !names.has(name));
  return [...units, ...left.map((name) => ({ name, media: mediaOf(name) as DigitalMedia, state: 'CLOSED' as const }))];
}

/** An interaction stays in the unit that was claimed for it; one that nobody claimed takes a unit that nobody claims. */
function unitsOf(facets: Facets, media: DigitalMedia): DigitalUnit[] {
  const count = facets.profile?.capacity?.media[media]?.units ?? 0;
  const names = Array.from({ length: count }, (_, i) => `${media}-${i + 1}`);
  const claims = facets.digitalClaims ?? {};
  const live = liveDigital(facets).filter((interaction) => interaction.media === media);
  const taken = new Set(names.filter((name) => live.some(({ callId }) => callId === claims[name]?.callId)));
  const claimed = new Set([...taken].map((name) => claims[name]?.callId));
  const others = names.filter((name) => !taken.has(name)).sort((a, b) => openness(claims[a]) - openness(claims[b]));
  for (const _ of live.filter(({ callId }) => !claimed.has(callId))) {
    const next = others.shift();
    if (next) taken.add(next);
  }
  const isOpen = ownStatus(facets, media).status === 'AVAILABLE';
  return names.map((name) => ({ name, media, state: taken.has(name) ? 'TAKEN' : isOpen ? 'FREE' : 'CLOSED' }));
}

const openness = (claim: Claim | undefined): number => (claim && claim.state !== 'ENDED' ? 1 : 0);

/** The claim on a unit. */
export function claimOn({ claim, digitalClaims }: Facets, unit: string): Claim | undefined {
  return unit === VOICE ? claim : digitalClaims?.[unit];
}

/**
 * The agent as one unit sees them: its claim is the claim, and the interaction that was claimed for is the interaction.
 * Whatever is decided of an agent's claim is decided of this.
 */
export function seenFrom(facets: Facets, unit: string): Facets {
  if (unit === VOICE) return facets;
  const { claim: _, interaction: _voice, ...others } = facets;
  const claim = facets.digitalClaims?.[unit];
  const interaction: Stamped<Interaction> | undefined = claim && facets.digital?.[claim.callId];
  return { ...others, ...(claim && { claim }), ...(interaction && { interaction }) };
}

/** How a claim leaves other work be: which media types' work keeps which others away. */
export interface Exclusion {
  /** Work of this type … */
  work: Media;
  /** … keeps interactions of this type away. */
  bars: Media;
}

/** The pairs of media types that an agent does not carry at the same time; in a fixed order. */
export function exclusions({ profile }: Facets): Exclusion[] {
  const media = Object.entries(profile?.capacity?.media ?? {}) as [Media, { units: number; beside: Media[] }][];
  const taken = media.filter(([, { units }]) => units > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  return taken.flatMap(([bars, { beside }]) =>
    taken.flatMap(([work]) => (work === bars || beside.includes(work) ? [] : [{ work, bars }])),
  );
}
