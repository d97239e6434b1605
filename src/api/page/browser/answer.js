import { addCopy } from './copy.js';
import { announce, element } from './dom.js';
import { createEventReader } from './event-stream.js';

/** Bytes that are read of an answer, characters that are shown of it, and events of a stream. */
const MOST_READ = 4_194_304;
const MOST_SHOWN_OF_BODY = 200_000;
const MOST_EVENTS = 50;

/** Headers that say nothing about the API. */
const UNSHOWN = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding', 'vary']);

/**
 * Headers in a list, without those of the connection.
 * @param {Headers} headers
 */
export function headerList(headers) {
  const shown = [...headers].filter(([name]) => !UNSHOWN.has(name));
  const rows = shown.flatMap(([name, value]) => [
    element('dt', {}, element('code', {}, name)),
    element('dd', {}, element('code', {}, value)),
  ]);
  return element('dl', { class: 'headers' }, ...rows);
}

/**
 * The text of an answer, up to a limit. What comes after it is not read.
 * @param {Response} response
 * @returns {Promise<{ text: string, isWhole: boolean }>}
 */
export async function readText({ body }) {
  let text = '';
  let bytes = 0;
  for await (const { piece, length } of piecesOf(body)) {
    text += piece;
    bytes += length;
    if (bytes > MOST_READ) return { text, isWhole: false };
  }
  return { text, isWhole: true };
}

/**
 * Decoded pieces of a body. It is cancelled when no more are wanted.
 * @param {ReadableStream<Uint8Array> | null} body
 */
async function* piecesOf(body) {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield { piece: decoder.decode(value, { stream: true }), length: value.length };
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * A body in a listing: JSON with line breaks, anything else as it is.
 * @param {string} text
 * @param {boolean} isWhole
 */
export function bodyListing(text, isWhole) {
  const formatted = isWhole ? formattedJson(text) : text;
  const shown = formatted.slice(0, MOST_SHOWN_OF_BODY);
  const cut = [
    ...(isWhole ? [] : [`Only the first ${sizeOf(MOST_READ)} were read.`]),
    ...(shown.length < formatted.length ? [`The first ${sizeOf(shown.length)} are shown.`] : []),
  ];
  const listing = element('div', { class: 'listing', 'data-kind': 'answer' }, listingText(shown));
  addCopy(listing);
  return element('div', {}, ...(cut.length > 0 ? [element('p', { class: 'note' }, cut.join(' '))] : []), listing);
}

/** @param {string} text */
function listingText(text) {
  return element('pre', { tabindex: '0', role: 'group', 'aria-label': 'Answer' }, element('code', {}, text));
}

/** @param {string} text */
function formattedJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {number} size in characters or bytes */
export function sizeOf(size) {
  return size < 10_000 ? `${size} B` : `${Math.round(size / 1000).toLocaleString('en')} kB`;
}

/**
 * Shows the events of a stream as they come, up to a number.
 * @param {Response} response
 * @param {HTMLElement} reply
 * @returns {Promise<string>} why it ended, in plain words
 */
export async function showEvents({ body }, reply) {
  const counted = element('p', { class: 'note' }, 'The stream is open. Waiting for events …');
  const pre = listingText('');
  reply.append(counted, element('div', { class: 'listing' }, pre));
  announce('The stream is open');
  const read = createEventReader();
  let events = 0;
  for await (const { piece } of piecesOf(body)) {
    for (const { name, id, data } of read(piece)) {
      if (events === MOST_EVENTS) return `Ended after ${MOST_EVENTS} events.`;
      events += 1;
      const head = id === '' ? name : `${name}  id ${id}`;
      pre.append(element('code', {}, `${head}\n${data.slice(0, MOST_SHOWN_OF_BODY / MOST_EVENTS)}\n\n`));
      pre.scrollTop = pre.scrollHeight;
      counted.textContent = events === 1 ? '1 event' : `${events} events`;
    }
    if (events === MOST_EVENTS) return `Ended after ${MOST_EVENTS} events.`;
  }
  return 'The instance ended the stream.';
}
