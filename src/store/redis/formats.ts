import { FORMATS, type Format, KNOWN_FORMATS } from '../record/layout.ts';
import { domainOf } from '../record/record.ts';
import { ShardUnavailable } from '../store.ts';

/**
 * The formats of the domains' stores, as far as this instance knows. Scripts compare the format themselves, so an outdated one
 * costs one repetition and does no harm.
 */
export class StoreFormats {
  /** By domain; none: the oldest. */
  readonly known: ReadonlyMap<string, Format>;
  readonly #known = new Map<string, Format>();

  constructor() {
    this.known = this.#known;
  }

  /**
   * Learns the format if this is a script's error about it (src/store/scripts/format.lua). The script can then be repeated.
   * @throws ShardUnavailable if this version does not know the format
   */
  learn(key: string, error: unknown): void {
    const [, number] = /^FORMAT (\S+)/.exec(String((error as Error).message)) ?? [];
    if (number !== undefined) this.set(domainOf(key), number);
  }

  /** Notes the format of a domain's store. @throws ShardUnavailable if this version does not know it */
  set(domain: string, number: string): void {
    const format = KNOWN_FORMATS.get(number);
    if (!format) throw new ShardUnavailable(unknownFormat(domain, number));
    this.#known.set(domain, format);
  }
}

/** The numbers of the formats that this version knows, in words. */
export const knownFormats = (): string => FORMATS.map(({ number }) => number).join(' and ');

export const unknownFormat = (domain: string, number: string): string =>
  `the store of domain "${domain}" has format ${number}, and this version of Muster knows ${knownFormats()}`;
