/**
 * Something that can be found.
 * @typedef {object} Entry
 * @property {'operation' | 'field' | 'error' | 'schema'} kind
 * @property {string} name
 * @property {string} place where it is, for people
 * @property {string} href
 * @property {string} [text] further words by which it is found
 */

const KINDS = ['operation', 'error', 'field', 'schema'];

/**
 * The entries in which every word of the query occurs, the best first: by their name before by other words, operations
 * before fields.
 * @param {Entry[]} all
 * @param {string} query
 * @returns {Entry[]}
 */
export function matching(all, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const ranked = all.flatMap((entry) => {
    const rank = rankOf(entry, words);
    return rank === undefined ? [] : [{ entry, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

/**
 * @param {Entry} entry
 * @param {string[]} words
 */
function rankOf({ kind, name, place, text = '' }, words) {
  const title = name.toLowerCase();
  const all = `${title} ${place} ${text}`.toLowerCase();
  if (!words.every((word) => all.includes(word))) return undefined;
  const asked = words.join(' ');
  // The title of an operation is a sentence: it is not closer for beginning with a word.
  const isNamed = kind === 'operation' && title.includes(asked);
  const closeness = isNamed || title === asked ? 0 : title.startsWith(asked) ? 1 : title.includes(asked) ? 2 : 3;
  return closeness * KINDS.length + KINDS.indexOf(kind);
}

/**
 * The parts of a text, and whether each is one of the words of the query.
 * @param {string} text
 * @param {string} query
 * @returns {{ part: string, isMatch: boolean }[]}
 */
export function markedParts(text, query) {
  const words = query.split(/\s+/).filter(Boolean).map(literally);
  if (words.length === 0) return [{ part: text, isMatch: false }];
  const parts = text.split(new RegExp(`(${words.join('|')})`, 'gi'));
  return parts.map((part, at) => ({ part, isMatch: at % 2 === 1 })).filter(({ part }) => part !== '');
}

/** @param {string} text */
function literally(text) {
  return text.replaceAll(/[$()*+./?[\\\]^{|}-]/g, '\\$&');
}
