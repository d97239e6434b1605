import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Html } from './html.ts';

/** Style sheets, in order. */
const STYLES = ['page', 'reference', 'try-it', 'print'];

/** Modules for the browser, each after those that it imports. */
const MODULES = [
  'dom',
  'places',
  'contents',
  'matching',
  'search',
  'copy',
  'token',
  'event-stream',
  'request',
  'problems',
  'answer',
  'try-it',
];

/** Runs before anything is shown, so that what needs scripts takes its room at once, and never appears without them. */
const MARK = new Html("document.documentElement.classList.add('scripted');");

/** An icon that needs no request: browsers ask for /favicon.ico unless a page names its own. */
const ICON = [
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">',
  '<style>rect{fill:#0b6e5f}path{stroke:#fff}@media(prefers-color-scheme:dark){rect{fill:#5cc9b5}path{stroke:#14171c}}</style>',
  '<rect width="32" height="32" rx="7"/>',
  '<path d="M8 23V10l8 8 8-8v13" fill="none" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round"/></svg>',
].join('');

/** What the page carries within itself: it loads nothing. */
export interface Assets {
  icon: string;
  style: Html;
  mark: Html;
  script: Html;
  /** The `content-security-policy`: only these scripts and this style, and requests to the page's own origin. */
  policy: string;
}

export function readAssets(): Assets {
  const style = new Html(STYLES.map((name) => read(`style/${name}.css`)).join(''));
  const script = joined(MODULES.map((name) => read(`browser/${name}.js`)));
  const policy = [
    "default-src 'none'",
    `script-src ${[MARK, script].map(hashOf).join(' ')}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return { icon: `data:image/svg+xml,${encodeURIComponent(ICON)}`, style, mark: MARK, script, policy };
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** One module of several, as one can be inline: without the imports and exports between them, and without comments. */
function joined(modules: string[]): Html {
  const texts = modules.map((text) =>
    text
      .replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
      .replaceAll(/^ *\/\/.*\n/gm, '')
      .replaceAll(/^import [\s\S]*?;\n/gm, '')
      .replaceAll(/^export /gm, ''),
  );
  return new Html(texts.join(''));
}

const hashOf = ({ text }: Html): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
