import { element } from './dom.js';
import { askForToken } from './token.js';

/** @typedef {{ code?: string, title?: string, detail?: string, errors?: { field: string, message: string }[] }} Problem */

/**
 * What a refusal means here, in plain words; empty for an answer that needs none.
 * @param {{ status: number, headers: Headers, access: string | undefined, hasToken: boolean, problem: Problem | undefined, from: HTMLElement }} refused
 * @returns {Node[]}
 */
export function hintsOn({ status, headers, access, hasToken, problem, from }) {
  if (status < 400) return [];
  const said = [problem?.title, problem?.detail].filter(Boolean).join(': ');
  const about = problem?.code === undefined ? undefined : document.getElementById(`schema-Problem.${problem.code}`);
  return [
    ...(said ? [element('p', { class: 'hint' }, ...withCode(said.replace(/\.?$/, '.')))] : []),
    ...(status === 401 && access === 'token' ? [tokenHint(hasToken, from)] : []),
    ...(status === 401 && access === 'secret'
      ? [
          element(
            'p',
            {},
            ...withCode('Give the secret of the connection in `authorization`: `Bearer`, and the secret.'),
          ),
        ]
      : []),
    ...retryHint(headers.get('retry-after')),
    ...(about ? [element('p', {}, element('a', { href: `#${about.id}` }, `About ${problem?.code}`))] : []),
  ];
}

/** Text with `code` in it. @param {string} text */
function withCode(text) {
  return text.split('`').map((part, at) => (at % 2 === 1 ? element('code', {}, part) : part));
}

/** @param {boolean} hasToken @param {HTMLElement} from */
function tokenHint(hasToken, from) {
  const said = hasToken ? 'Your token was refused. ' : 'This instance wants a token, and none was sent. ';
  return element('p', {}, said, tokenLink(hasToken ? 'Change it' : 'Give one', from), '.');
}

/**
 * A link to the field of the token.
 * @param {string} text
 * @param {HTMLElement} from where Enter leads back to
 */
export function tokenLink(text, from) {
  const link = element('a', { href: '#token' }, text);
  link.addEventListener('click', (event) => {
    event.preventDefault();
    askForToken(from);
  });
  return link;
}

/** @param {string | null} seconds */
function retryHint(seconds) {
  return seconds === null ? [] : [element('p', {}, `Repeat it after ${seconds} s.`)];
}

/**
 * Why there is no answer, or no more of it, in plain words.
 * @param {unknown} reason of an abort, or an error
 * @param {URL} url
 * @param {{ isStream: boolean, changes: boolean }} request
 */
export function failureWords(reason, url, { isStream, changes }) {
  const unknown = changes ? ' It may have been carried out all the same.' : '';
  if (reason === STOPPED) return `Stopped.${unknown}`;
  if (reason === TOO_SLOW)
    return isStream ? 'Ended after 60 s.' : `No answer within 60 s, so it was given up.${unknown}`;
  return `No answer from ${url.host}: it refuses connections, or the connection broke. Is the instance running?${unknown}`;
}

/** Reasons to end a request. */
export const STOPPED = 'stopped';
export const TOO_SLOW = 'too slow';
