import { element, findAll, findOne } from './dom.js';
import { markedParts, matching } from './matching.js';

/** @typedef {import('./matching.js').Entry} Entry */

const MOST_SHOWN = 40;

const searchField = findOne('#search', HTMLInputElement);
const found = findOne('#found', HTMLOListElement);
const count = findOne('#count', HTMLElement);
const allContents = findOne('#contents', HTMLElement);
/** @type {Entry[] | undefined} */
let searched;

/** @param {Element | null | undefined} part */
const textOf = (part) => (part?.textContent ?? '').replaceAll(/\s+/g, ' ').trim();

/** Everything on the page that has a name, read when it is first searched. @returns {Entry[]} */
function readEntries() {
  const articles = findAll('article[id]', HTMLElement);
  const schemas = findAll('.schema[id]', HTMLElement).filter(({ id }) => !id.startsWith('schema-Problem.'));
  return [
    ...articles.map(operationEntry),
    ...[...articles, ...schemas].flatMap(fieldEntries),
    ...errorEntries(articles),
    ...schemas.map(schemaEntry),
  ];
}

/** @param {HTMLElement} article @returns {Entry} */
function operationEntry(article) {
  const descriptions = findAll(':scope > p', HTMLElement, article).map(textOf);
  const name = textOf(article.querySelector('h3'));
  return {
    kind: 'operation',
    name,
    place: textOf(article.querySelector('.call')),
    href: `#${article.id}`,
    text: descriptions.join(' '),
  };
}

/** @param {HTMLElement} part @returns {Entry[]} */
function fieldEntries(part) {
  const place = textOf(part.querySelector('h3, summary'));
  return findAll('.fields > div[id]', HTMLElement, part).map((row) => ({
    kind: 'field',
    name: textOf(row.querySelector('.name')),
    place,
    href: `#${encodeURIComponent(row.id)}`,
  }));
}

/** @param {HTMLElement[]} articles @returns {Entry[]} */
function errorEntries(articles) {
  /** @type {Map<string, Entry>} */
  const byCode = new Map();
  for (const row of articles.flatMap((article) => findAll('.problems dl > div', HTMLElement, article))) {
    const name = textOf(row.querySelector('code'));
    const place = `${textOf(row.querySelector('.status'))} ${textOf(row.querySelector('dd')).split('. ')[0]}`;
    const href = `#schema-Problem.${encodeURIComponent(name)}`;
    if (!byCode.has(name)) byCode.set(name, { kind: 'error', name, place, href, text: textOf(row) });
  }
  return [...byCode.values()];
}

/** @param {HTMLElement} schema @returns {Entry} */
function schemaEntry(schema) {
  return { kind: 'schema', name: textOf(schema.querySelector('summary')), place: 'Schema', href: `#${schema.id}` };
}

function search() {
  const query = searchField.value.trim();
  searched ??= readEntries();
  const results = matching(searched, query);
  const shown = results.slice(0, MOST_SHOWN);
  found.replaceChildren(...shown.map((entry) => resultItem(entry, query)));
  found.hidden = shown.length === 0;
  allContents.hidden = query !== '';
  count.textContent = query === '' ? '' : counted(results.length, query);
}

/** @param {number} results @param {string} query */
function counted(results, query) {
  if (results === 0) return `Nothing found for “${query}”`;
  if (results > MOST_SHOWN) return `${results} results, the first ${MOST_SHOWN} shown`;
  return results === 1 ? '1 result' : `${results} results`;
}

/** @param {Entry} entry @param {string} query */
function resultItem({ kind, name, place, href }, query) {
  const parts = markedParts(name, query).map(({ part, isMatch }) => (isMatch ? element('mark', {}, part) : part));
  const title = kind === 'operation' ? element('span', {}, ...parts) : element('code', {}, ...parts);
  const where = kind === 'field' ? `field of ${place}` : kind === 'error' ? `error ${place}` : place;
  const link = element('a', { href }, title, element('span', { class: 'route kind' }, where));
  return element('li', {}, link);
}

function clearSearch() {
  searchField.value = '';
  search();
  searchField.focus();
}

/** Moves between the field and the results with the arrow keys. @param {KeyboardEvent} event */
function moveInResults(event) {
  const links = findAll('#found a', HTMLAnchorElement);
  const at = links.findIndex((link) => link.matches(':focus'));
  if (event.key === 'ArrowDown') links.at(Math.min(at + 1, links.length - 1))?.focus();
  else if (event.key === 'ArrowUp') (links[at - 1] ?? searchField).focus();
  else if (event.key === 'Enter' && at === -1) links[0]?.click();
  else return;
  event.preventDefault();
}

/** `/` leads to the search, Escape clears it, also from the place that it led to. @param {KeyboardEvent} event */
function searchByKey(event) {
  const { key, ctrlKey, metaKey, altKey, target } = event;
  const isElsewhere = target !== searchField && isWrittenIn(target);
  if (ctrlKey || metaKey || altKey || isElsewhere) return;
  if (key === 'Escape' && searchField.value !== '') clearSearch();
  else if (key === '/' && target !== searchField) {
    searchField.focus();
    searchField.select();
  } else return;
  event.preventDefault();
}

/** @param {EventTarget | null} target */
function isWrittenIn(target) {
  return target instanceof Element && target.matches('input, textarea, select');
}

searchField.addEventListener('input', search);
searchField.addEventListener('keydown', moveInResults);
found.addEventListener('keydown', moveInResults);
document.addEventListener('keydown', searchByKey);
