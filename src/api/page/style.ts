import { Html } from './html.ts';

/** The style of the page: light and dark, for wide and narrow screens. */
export const STYLE = new Html(`
:root { color-scheme: light dark; --ground: #fbfaf7; --card: #fff; --ink: #1f2430; --soft: #646c7a; --line: #e3e1da;
  --accent: #0b6e5f; --get: #2a62b8; --post: #0b6e5f; --bad: #b23a2e; --code: #f3f1ea; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --card: #1b1f26; --ink: #e5e7ea; --soft: #9aa3b0; --line: #2c323b;
  --accent: #5cc9b5; --get: #82b1ff; --post: #5cc9b5; --bad: #ff8f80; --code: #12151a; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", "Helvetica Neue", "Liberation Sans", sans-serif;
  overflow-wrap: anywhere; }
a { color: var(--accent); text-decoration-color: color-mix(in srgb, currentColor 35%, transparent); text-underline-offset: .18em; }
a:hover { text-decoration-color: currentColor; }
code, pre { font: .875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
p code, dd code { background: var(--code); border-radius: 4px; padding: .1em .3em; }
p { margin: .5rem 0; max-width: 44rem; }
header, .columns { max-width: 76rem; margin: 0 auto; padding: 0 2rem; }
header { padding-top: 3rem; padding-bottom: 1.25rem; }
h1 { font-size: 2.25rem; line-height: 1.15; letter-spacing: -.02em; margin: 0; }
h1 small { font-size: 1rem; font-weight: 500; letter-spacing: 0; color: var(--soft); margin-left: .35rem; }
.lead { color: var(--soft); font-size: 1.0625rem; }
h2 { font-size: 1.6rem; letter-spacing: -.015em; margin: 3.5rem 0 .25rem; }
h3 { font-size: 1.2rem; line-height: 1.3; letter-spacing: -.01em; margin: 0; }
h3 .anchor { color: inherit; text-decoration: none; }
h3 .anchor:hover { color: var(--accent); }
h4 { font-size: .78rem; letter-spacing: .07em; text-transform: uppercase; color: var(--soft); margin: 1.75rem 0 .5rem; }
h4 small { text-transform: none; letter-spacing: 0; font-size: .8rem; font-weight: 400; margin-left: .3rem; }
.columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 3rem; align-items: start; padding-bottom: 6rem; }
nav { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; padding: 1rem 0; font-size: .875rem; line-height: 1.35; }
nav summary { display: none; }
nav p { margin: 1.1rem 0 .3rem; font-weight: 600; }
nav p a { color: inherit; text-decoration: none; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: grid; grid-template-columns: 2.6rem 1fr; gap: .4rem; padding: .25rem .4rem; margin-left: -.4rem; border-radius: 6px; color: var(--soft); text-decoration: none; }
nav li a:hover { background: var(--card); color: var(--ink); }
nav .method { font-size: .65rem; line-height: 1.2rem; background: none; padding: 0; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem 1.75rem; margin: 1.25rem 0; }
article:target { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.call { font-size: 1rem; margin: .6rem 0 .2rem; }
.call code { background: none; padding: 0; }
.method { font: 700 .72rem/1 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: .04em; color: var(--get); }
.method.post { color: var(--post); }
.call .method { border: 1px solid; border-radius: 5px; padding: .2rem .4rem; margin-right: .3rem; }
.facts { color: var(--soft); font-size: .8125rem; margin: 0 0 .75rem; }
.facts span + span::before { content: " · "; }
dl.fields { margin: 0; border-top: 1px solid var(--line); }
dl.fields > div { padding: .55rem 0; border-bottom: 1px solid var(--line); display: grid; grid-template-columns: minmax(11rem, 2fr) 3fr; gap: .25rem 1.25rem; }
dt { min-width: 0; }
dd { margin: 0; min-width: 0; font-size: .9375rem; }
dl.fields dl.fields { grid-column: 1 / -1; border-left: 2px solid var(--line); border-top: 0; margin: .5rem 0 0; padding-left: .9rem; }
dl.fields dl.fields > div { display: block; }
dl.fields dl.fields > div:last-child { border-bottom: 0; }
.name { font-weight: 600; }
.type, .optional { color: var(--soft); font-size: .8125rem; }
.type { display: inline-block; }
dt .type { display: block; }
.type code { background: none; padding: 0; font-size: .95em; }
p.type { margin: .15rem 0 .4rem; display: block; }
.optional { font-style: italic; }
.status { font: 600 .8125rem/1 ui-monospace, Menlo, Consolas, "Liberation Mono", monospace; color: var(--post); margin-right: .3rem; }
.status.problem { color: var(--bad); }
.answer + .answer { margin-top: 1rem; }
details > summary { cursor: pointer; }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.problems { margin-top: 1rem; }
.problems > summary { color: var(--soft); font-size: .9375rem; }
.problems dl { margin-top: .5rem; }
.example, .schema { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; padding: 0 1rem; background: var(--card); }
.example > summary, .schema > summary { padding: .6rem 0; font-size: .9375rem; }
.example[open], .schema[open] { padding-bottom: 1rem; }
pre { margin: 0; padding: .9rem 1rem; background: var(--code); border-radius: 8px; white-space: pre-wrap; font-size: .9rem; }
pre.answered { margin-top: .5rem; max-height: 26rem; overflow-y: auto; }
@media (max-width: 56rem) {
  header { padding: 2rem 1rem .75rem; }
  h1 { font-size: 1.75rem; }
  .columns { display: block; padding: 0 1rem 4rem; }
  nav { position: static; max-height: none; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .75rem 1rem; }
  nav summary { display: list-item; font-weight: 600; }
  article { padding: 1.1rem 1rem; }
  dl.fields > div { display: block; }
  dd { margin-top: .15rem; }
}
`);
