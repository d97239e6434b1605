/**
 * An element with attributes and children. Text stays text, whatever is in it.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * The first element of a kind.
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 * @param {ParentNode} [within]
 * @returns {E}
 * @throws Error if there is none
 */
export function findOne(selector, kind, within = document) {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
  return found;
}

/**
 * All elements of a kind.
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 * @param {ParentNode} [within]
 * @returns {E[]}
 */
export function findAll(selector, kind, within = document) {
  return [...within.querySelectorAll(selector)].flatMap((each) => (each instanceof kind ? [each] : []));
}

/**
 * Tells screen readers, also what they were told last.
 * @param {string} text
 */
export function announce(text) {
  const told = findOne('#told', HTMLElement);
  told.textContent = '';
  requestAnimationFrame(() => {
    told.textContent = text;
  });
}
