import { announce, element, findAll } from './dom.js';

const SHOWN_MS = 2000;

/**
 * Gives a listing a button that copies its text.
 * @param {HTMLElement} listing
 */
export function addCopy(listing) {
  const kind = listing.dataset.kind ?? 'text';
  const button = element('button', { type: 'button', class: 'copy', 'aria-label': `Copy the ${kind}` }, 'Copy');
  button.addEventListener('click', async () => {
    const pre = listing.querySelector('pre');
    if (!pre) return;
    const isCopied = await copyText(pre.textContent ?? '');
    button.textContent = isCopied ? 'Copied' : 'Not copied';
    announce(isCopied ? `Copied the ${kind}` : 'The browser does not let this page copy. The text is selected.');
    if (!isCopied) getSelection()?.selectAllChildren(pre);
    setTimeout(() => {
      button.textContent = 'Copy';
    }, SHOWN_MS);
  });
  listing.prepend(button);
}

/** @param {string} text @returns {Promise<boolean>} whether it was copied */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Plain http beyond localhost has no clipboard.
    return copySelected(text);
  }
}

/** @param {string} text */
function copySelected(text) {
  const focused = document.activeElement;
  const area = element('textarea', { class: 'unseen', 'aria-hidden': 'true', tabindex: '-1' });
  area.value = text;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return isCopied;
}

for (const listing of findAll('.listing', HTMLElement)) addCopy(listing);
