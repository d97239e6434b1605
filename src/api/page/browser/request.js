/**
 * A request that a form describes, or why there is none.
 * @typedef {{ url: URL, init: RequestInit }} Ready
 * @typedef {{ fault: string, field: HTMLElement }} Faulty
 * @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field
 */

/**
 * The request that a form describes. Fields that are empty are left out.
 * @param {HTMLFormElement} form
 * @param {string} token
 * @param {string} page the address of the page: a proxy may serve the API below a path of its own
 * @returns {Ready | Faulty}
 */
export function requestOf(form, token, page) {
  const { method = 'GET', path = '/', access } = form.dataset;
  const fields = fieldsOfForm(form).filter(({ value }) => value !== '');
  const faulty = fields.map(faultOf).find((each) => each !== undefined);
  if (faulty) return faulty;
  /** @param {string} place */
  const valuesIn = (place) =>
    fields.filter(({ dataset }) => dataset.in === place).map(({ dataset, value }) => [dataset.name ?? '', value]);
  const params = Object.fromEntries(valuesIn('path'));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));
  const url = new URL(filled.slice(1), new URL('.', page));
  url.search = new URLSearchParams(valuesIn('query')).toString();
  const headers = new Headers(Object.fromEntries(valuesIn('header')));
  if (access === 'token' && token !== '') headers.set('authorization', `Bearer ${token}`);
  const [body] = valuesIn('body').map(([, value]) => value);
  if (body !== undefined) headers.set('content-type', 'application/json');
  return { url, init: { method, headers, cache: 'no-store', ...(body !== undefined && { body }) } };
}

/** @param {HTMLFormElement} form @returns {Field[]} */
export function fieldsOfForm(form) {
  return [...form.querySelectorAll('[data-in]')].filter(
    (each) =>
      each instanceof HTMLInputElement || each instanceof HTMLSelectElement || each instanceof HTMLTextAreaElement,
  );
}

/** @param {Field} field @returns {Faulty | undefined} */
function faultOf(field) {
  const { in: place, name } = field.dataset;
  // An address resolves these parts away, encoded or not.
  if (place === 'path' && /^\.{1,2}$/.test(field.value)) {
    return { fault: `No address can have “${field.value}” for ${name}: it would lead elsewhere.`, field };
  }
  if (place === 'path' && !field.value.isWellFormed()) {
    return { fault: `${name} is not well-formed text.`, field };
  }
  if (place === 'header' && /[^\t\x20-\x7e\x80-\xff]/.test(field.value)) {
    return { fault: `A header can have Latin letters only: ${name}.`, field };
  }
  return undefined;
}
