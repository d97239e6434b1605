import { findAll, findOne } from './dom.js';

/** Sections of which the top has passed this part of the window are being read. */
const READ_FROM = 0.3;
const NARROW = '(max-width: 56rem)';

const entries = new Map(
  findAll('#contents li a', HTMLAnchorElement).map((link) => [decodeURIComponent(link.hash.slice(1)), link]),
);
const sections = [...entries.keys()].flatMap((id) => document.getElementById(id) ?? []);
/** @type {HTMLAnchorElement | undefined} */
let current;
let isDue = false;

/** Marks the section that is read in the contents, and keeps its mark in sight. */
function markCurrent() {
  isDue = false;
  const limit = innerHeight * READ_FROM;
  const read = sections.findLast((section) => {
    const { top, height } = section.getBoundingClientRect();
    return height > 0 && top <= limit;
  });
  const link = entries.get(read?.id ?? '');
  if (link === current) return;
  current?.removeAttribute('aria-current');
  link?.setAttribute('aria-current', 'location');
  current = link;
  if (link && !matchMedia(NARROW).matches) keepInSight(link);
}

/** @param {HTMLAnchorElement} link */
function keepInSight(link) {
  const nav = findOne('nav', HTMLElement);
  const { top, bottom } = link.getBoundingClientRect();
  const room = 80;
  if (top < room) nav.scrollTop += top - room;
  if (bottom > nav.clientHeight - room) nav.scrollTop += bottom - nav.clientHeight + room;
}

function markSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(markCurrent);
}

if (matchMedia(NARROW).matches) findOne('#contents', HTMLDetailsElement).open = false;
addEventListener('scroll', markSoon, { passive: true });
addEventListener('resize', markSoon);
markCurrent();
