import { isPosition } from '../../store/store.ts';

/** A stream position: how far a client has read the change streams of a region. */
export interface Bookmark {
  region: string;
  /** Redis stream ids by domain. */
  positions: Map<string, string>;
}

/** The text is not a stream position. */
export class InvalidBookmark extends Error {
  override name = 'InvalidBookmark';
}

/** Writes a stream position as an event id: `eu-west-1/main:1795401170170-0,sales:1795401170171-3`. */
export function writeBookmark({ region, positions }: Bookmark): string {
  const parts = [...positions].map(([domain, position]) => `${encodeURIComponent(domain)}:${position}`);
  return `${encodeURIComponent(region)}/${parts.join(',')}`;
}

/** Reads a stream position from an event id. @throws InvalidBookmark */
export function readBookmark(text: string): Bookmark {
  const [, region = '', list = ''] = /^([^/]+)\/(.+)$/.exec(text) ?? [];
  const positions = list.split(',').map((part): [string, string] => {
    const [domain = '', position = ''] = part.split(':');
    if (domain === '' || !isPosition(position)) throw new InvalidBookmark('is not the id of an event of a stream');
    return [decoded(domain), position];
  });
  return { region: decoded(region), positions: new Map(positions) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new InvalidBookmark('is not the id of an event of a stream', { cause: error });
  }
}
