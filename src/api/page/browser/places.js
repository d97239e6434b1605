import { findAll } from './dom.js';

/** Gives every field of an operation or a schema an id, `createClaim.queue`: the first of its name. */
function nameFields() {
  for (const part of findAll('article[id], .schema[id]', HTMLElement)) {
    for (const name of findAll('.fields > div > dt > .name', HTMLElement, part)) {
      const row = name.closest('div');
      const id = `${part.id}.${name.textContent}`;
      if (row && !row.id && !document.getElementById(id)) row.id = id;
    }
  }
}

/** Opens what encloses the place that the address names, and goes there. */
function openPlace() {
  const place = document.getElementById(decoded(location.hash.slice(1)));
  if (!place) return;
  for (let at = /** @type {Element | null} */ (place); at; at = at.parentElement) {
    if (at instanceof HTMLDetailsElement) at.open = true;
  }
  place.scrollIntoView();
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

nameFields();
openPlace();
addEventListener('hashchange', openPlace);
