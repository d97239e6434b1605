import { announce, findOne } from './dom.js';

const tokenField = findOne('#token-field', HTMLInputElement);
const forgetButton = findOne('#token-forget', HTMLButtonElement);
const tokenFault = findOne('#token-fault', HTMLElement);
/** @type {HTMLElement | undefined} */
let cameFrom;

/**
 * The token as it is sent, without the scheme that is often copied with it. It lives in its field alone.
 * @returns {string} empty if there is none, or none that can be sent
 */
export function tokenGiven() {
  const text = tokenField.value.trim().replace(/^bearer\s+/i, '');
  return /^[\x21-\x7e]*$/.test(text) ? text : '';
}

/**
 * Goes to the field of the token; Enter leads back.
 * @param {HTMLElement} from
 */
export function askForToken(from) {
  cameFrom = from;
  tokenField.focus();
  tokenField.scrollIntoView({ block: 'center' });
}

/** @param {() => void} listener called when there is another token, or none */
export function whenTokenChanges(listener) {
  tokenField.addEventListener('input', listener);
}

function showToken() {
  const isFaulty = tokenField.value.trim() !== '' && tokenGiven() === '';
  tokenField.setAttribute('aria-invalid', String(isFaulty));
  const fault = isFaulty ? 'A token has no spaces, line breaks or letters beyond ASCII. This one is not sent.' : '';
  if (tokenFault.textContent !== fault) tokenFault.textContent = fault;
  forgetButton.disabled = tokenField.value === '';
}

tokenField.addEventListener('input', showToken);
tokenField.addEventListener('keydown', ({ key }) => {
  if (key !== 'Enter' || !cameFrom) return;
  cameFrom.focus();
  cameFrom.scrollIntoView({ block: 'center' });
  cameFrom = undefined;
});
forgetButton.addEventListener('click', () => {
  tokenField.value = '';
  tokenField.dispatchEvent(new Event('input'));
  tokenField.focus();
  announce('The token is forgotten');
});
// Some browsers fill fields in again when a page is loaded again.
tokenField.value = '';
