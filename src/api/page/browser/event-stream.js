/**
 * An event of a `text/event-stream`.
 * @typedef {object} StreamEvent
 * @property {string} name
 * @property {string} id
 * @property {string} data
 */

/** An event that is longer than this, in characters, is given up. */
const LONGEST_EVENT = 262_144;

/**
 * Reads events from text that arrives in pieces. Comments, which keep a connection alive, are left out.
 * @returns {(text: string) => StreamEvent[]} takes the next piece; returns the events that it completes
 */
export function createEventReader() {
  let rest = '';
  return (text) => {
    const blocks = `${rest}${text}`.split(/\r\n\r\n|\n\n|\r\r/);
    rest = (blocks.pop() ?? '').slice(0, LONGEST_EVENT);
    return blocks.flatMap(eventOf);
  };
}

/** @param {string} block @returns {StreamEvent[]} */
function eventOf(block) {
  /** @type {Record<string, string[]>} */
  const fields = { event: [], id: [], data: [] };
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    fields[name]?.push(value);
  }
  const { event = [], id = [], data = [] } = fields;
  if (data.length === 0) return [];
  return [{ name: event.at(-1) ?? 'message', id: id.at(-1) ?? '', data: data.join('\n') }];
}
