import { bodyListing, headerList, readText, showEvents, sizeOf } from './answer.js';
import { announce, element, findAll, findOne } from './dom.js';
import { failureWords, hintsOn, STOPPED, TOO_SLOW, tokenLink } from './problems.js';
import { fieldsOfForm, requestOf } from './request.js';
import { tokenGiven, whenTokenChanges } from './token.js';

/** Longest time for one request, in ms. */
const LONGEST_MS = 60_000;

/** @typedef {{ form: HTMLFormElement, send: HTMLButtonElement, stop: HTMLButtonElement, withToken: HTMLElement, reply: HTMLElement }} Trial */

/** @param {HTMLFormElement} form */
function setUp(form) {
  const reply = element('div', { class: 'reply', hidden: '' });
  form.after(reply);
  /** @type {Trial} */
  const trial = {
    form,
    send: findOne('[type=submit]', HTMLButtonElement, form),
    stop: findOne('.stop', HTMLButtonElement, form),
    withToken: findOne('.with', HTMLElement, form),
    reply,
  };
  /** @type {AbortController | undefined} */
  let running;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (running) return;
    running = new AbortController();
    await run(trial, running);
    running = undefined;
  });
  trial.stop.addEventListener('click', () => running?.abort(STOPPED));
  form.addEventListener('input', () => showWhatChanges(trial));
  form.querySelector('.fill')?.addEventListener('change', () => fillIn(trial));
  whenTokenChanges(() => showWithToken(trial));
  showWhatChanges(trial);
  showWithToken(trial);
}

/** Fills the form with the example that is chosen. @param {Trial} trial */
function fillIn(trial) {
  const chosen = findOne('.fill', HTMLSelectElement, trial.form).selectedOptions[0];
  const filled = JSON.parse(chosen?.dataset.fill ?? '{}');
  for (const field of fieldsOfForm(trial.form)) {
    field.value = filled[field.dataset.in ?? '']?.[field.dataset.name ?? ''] ?? '';
  }
  showWhatChanges(trial);
}

/** @param {Trial} trial */
function showWhatChanges({ form, send }) {
  send.textContent = changesData(form) ? 'Send and change data' : 'Send';
}

/** Some operations change something only with one parameter. @param {HTMLFormElement} form */
function changesData(form) {
  const { changes = '' } = form.dataset;
  return (
    changes === 'always' || fieldsOfForm(form).some(({ dataset, value }) => dataset.name === changes && value !== '')
  );
}

/** @param {Trial} trial */
function showWithToken({ form, send, withToken }) {
  if (form.dataset.access !== 'token') return;
  const hasToken = tokenGiven() !== '';
  withToken.replaceChildren(hasToken ? 'With your token. ' : 'Without a token. ');
  if (!hasToken) withToken.append(tokenLink('Give one', send));
}

/** Sends the request of a form and shows what comes back. @param {Trial} trial @param {AbortController} running */
async function run(trial, running) {
  const { form, stop, send, reply } = trial;
  reply.hidden = false;
  reply.replaceChildren();
  const token = tokenGiven();
  const request = requestOf(form, token, location.href);
  if ('fault' in request) {
    tell(reply, request.fault, 'fault');
    request.field.focus();
    return;
  }
  const { url, init } = request;
  reply.append(element('p', { class: 'sent' }, element('code', {}, `${init.method} ${url.href}`)));
  stop.hidden = false;
  send.setAttribute('aria-disabled', 'true');
  const limit = setTimeout(() => running.abort(TOO_SLOW), LONGEST_MS);
  try {
    await receive(trial, url, { ...init, signal: running.signal }, token !== '');
  } catch (error) {
    // The browser's own words for a refused connection differ and say little.
    const reason = running.signal.aborted ? running.signal.reason : error;
    const sent = { isStream: 'stream' in form.dataset, changes: changesData(form) };
    tell(reply, failureWords(reason, url, sent), sent.isStream && running.signal.aborted ? 'note' : 'fault');
  } finally {
    clearTimeout(limit);
    if (document.activeElement === stop) send.focus();
    stop.hidden = true;
    send.removeAttribute('aria-disabled');
  }
}

/** @param {Trial} trial @param {URL} url @param {RequestInit} init @param {boolean} hasToken */
async function receive({ form, send, reply }, url, init, hasToken) {
  const started = performance.now();
  const response = await fetch(url, init);
  const waitedMs = performance.now() - started;
  const { status, statusText, headers } = response;
  const outcome = outcomeLine(status, statusText, waitedMs);
  reply.append(outcome);
  if (response.redirected) reply.append(element('p', { class: 'note' }, `Redirected to ${response.url}`));
  if (status === 200 && headers.get('content-type')?.startsWith('text/event-stream')) {
    reply.append(headerList(headers));
    tell(reply, await showEvents(response, reply), 'note');
    return;
  }
  const { text, isWhole } = await readText(response);
  const { access } = form.dataset;
  const problem = problemIn(headers, text);
  reply.append(...hintsOn({ status, headers, access, hasToken, problem, from: send }), headerList(headers));
  if (text !== '') reply.append(bodyListing(text, isWhole));
  outcome.append(element('span', { class: 'note' }, text === '' ? 'no body' : sizeOf(text.length)));
  announce(`${status} ${statusText} after ${Math.round(waitedMs)} ms`);
}

/** @param {number} status @param {string} statusText @param {number} waitedMs */
function outcomeLine(status, statusText, waitedMs) {
  const shown = element('span', { class: status < 400 ? 'status' : 'status problem' }, `${status} ${statusText}`);
  const time = element('span', { class: 'note' }, `${waitedMs < 10 ? waitedMs.toFixed(1) : Math.round(waitedMs)} ms`);
  return element('p', { class: 'outcome' }, shown, time);
}

/** @param {Headers} headers @param {string} text */
function problemIn(headers, text) {
  if (!headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {HTMLElement} reply @param {string} text @param {string} kind */
function tell(reply, text, kind) {
  reply.append(element('p', { class: kind }, text));
  announce(text);
}

for (const form of findAll('.try form', HTMLFormElement)) setUp(form);
