import { FORMATS, type Format, formatNumbered, OLDEST } from '../record/layout.ts';
import { ShardUnavailable } from '../store.ts';
import type { DomainScript, Script } from './scripts.ts';

/**
 * The formats of the domains' stores, as far as this instance knows. Scripts compare the format themselves, so an outdated one
 * costs one repetition and does no harm.
 */
export class StoreFormats {
  /** By hash tag, which is the domain. */
  readonly #known = new Map<string, Format>();

  /** The format in which the data of a key's domain is written. */
  of(key: string): Format {
    return this.#known.get(tagOf(key)) ?? OLDEST;
  }

  /** The text of a script for the domain of a key. */
  scriptFor(script: Script | DomainScript, key: string): Script {
    if (!('byFormat' in script)) return script;
    return script.byFormat.get(this.of(key).number) as Script;
  }

  /**
   * Learns the format if this is a script's error about it (src/store/scripts/format.lua). The script can then be repeated.
   * @throws ShardUnavailable if this version does not know the format
   */
  learn(key: string, error: unknown): void {
    const [, number] = /^FORMAT (\S+)/.exec(String((error as Error).message)) ?? [];
    if (number !== undefined) this.set(tagOf(key), number);
  }

  /** Notes the format of a domain's store. @throws ShardUnavailable if this version does not know it */
  set(domain: string, number: string): void {
    const format = formatNumbered(number);
    if (!format) throw new ShardUnavailable(unknownFormat(domain, number));
    this.#known.set(domain, format);
  }
}

/** The numbers of the formats that this version knows, in words. */
export const knownFormats = (): string => FORMATS.map(({ number }) => number).join(' and ');

export const unknownFormat = (domain: string, number: string): string =>
  `the store of domain "${domain}" has format ${number}, and this version of Muster knows ${knownFormats()}`;

function tagOf(key: string): string {
  const open = key.indexOf('{');
  return key.slice(open + 1, key.indexOf('}', open));
}
