/** Text that is HTML. Any other text is escaped when it is put into it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A page, and the `content-security-policy` that it is served with. */
export interface Page {
  text: string;
  policy: string;
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** HTML from a template. Parts are escaped unless they are HTML; undefined and false are left out. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(texts.map((text, at) => text + write(parts[at])).join(''));
}

function write(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(write).join('');
  return String(part).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Paragraphs from text with `code`, [links](#somewhere), and an empty line between paragraphs. */
export function words(text: string): Html {
  return html`${text.split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p>`)}`;
}

/** The same within one line. */
export function inline(text: string): Html {
  const parts = text.split(/(`[^`]+`|\[[^\]]+\]\([^)\s]+\))/);
  return html`${parts.map((part) => {
    if (/^`[^`]+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    const [, shown, target] = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part) ?? [];
    return target === undefined ? part : html`<a href="${target}">${inline(shown ?? target)}</a>`;
  })}`;
}
