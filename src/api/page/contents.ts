import type { DescribedOperation } from './described.ts';
import { type Html, html } from './html.ts';
import { breakable } from './operation-section.ts';

/** One operation, by its method and path. */
export type Listed = [method: string, path: string, operation: DescribedOperation];

/** The operations of one tag. */
export interface Chapter {
  name: string;
  description: string;
  listed: Listed[];
}

/** The navigation: search where scripts run, and all operations by chapter. */
export function contents(chapters: Chapter[]): Html {
  return html`<nav aria-label="Contents">
<div class="search needs-script" role="search">
<label class="unseen" for="search">Search operations, paths, fields and errors</label>
<input id="search" type="search" placeholder="Search" autocomplete="off" autocapitalize="off" spellcheck="false" aria-controls="found" aria-describedby="count"><kbd aria-hidden="true">/</kbd>
</div>
<p id="count" class="count" role="status"></p>
<ol id="found" hidden></ol>
<details id="contents" open><summary>Contents</summary>
<ul class="pages"><li><a href="#start">Start</a></li><li class="needs-script"><a href="#token">Your token</a></li></ul>
${chapters.map(chapterContents)}
<ul class="pages"><li><a href="#security">Authentication</a></li><li><a href="#schemas">Schemas</a></li></ul>
</details></nav>`;
}

function chapterContents({ name, listed }: Chapter): Html {
  return html`<p class="group"><a href="#${name}">${name}</a></p>
<ul>${listed.map(([method, path, { operationId, summary }]) => html`<li><a href="#${operationId}">${summary}<span class="route"><span class="method ${method}">${method.toUpperCase()}</span> <code>${breakable(path)}</code></span></a></li>`)}</ul>`;
}
