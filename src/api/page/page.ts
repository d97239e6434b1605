import type { JsonObject } from '../openapi/components.ts';
import type { DescribedOperation, Document, Schema } from './described.ts';
import { fieldsOf, typeOf } from './fields.ts';
import { type Html, html, inline, words } from './html.ts';
import { operationSection } from './operation-section.ts';
import { STYLE } from './style.ts';

type Listed = [method: string, path: string, operation: DescribedOperation];

/** The document as one HTML page, without scripts, fonts or images. */
export function renderPage(rendered: JsonObject): string {
  const document = rendered as unknown as Document;
  const { info, tags, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Listed => [method, path, operation]),
  );
  const chapters = tags.map((tag) => ({ ...tag, listed: operations.filter(([, , { tags }]) => tags[0] === tag.name) }));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${info.title} <small>API ${info.version}</small></h1>
<p class="lead">${info.summary}</p>
</header>
<div class="columns">
<nav aria-label="Operations"><details open><summary>Contents</summary>${chapters.map(contents)}
<p><a href="#security">Authentication</a></p><p><a href="#schemas">Schemas</a></p></details></nav>
<main>
<section id="start">${words(info.description)}
<p>For programs: <a href="/openapi.json"><code>/openapi.json</code></a>, OpenAPI 3.1. In the examples <code>$MUSTER</code> is the URL of this instance.</p></section>
${chapters.map(chapter)}
<section id="security"><h2>Authentication</h2><dl class="fields">${Object.entries(components.securitySchemes).map(([name, { description }]) => html`<div><dt><code class="name">${name}</code></dt><dd>${inline(description)}</dd></div>`)}</dl></section>
<section id="schemas"><h2>Schemas</h2>${Object.entries(components.schemas).map(schemaSection)}</section>
</main>
</div>
</body>
</html>
`;
  return page.text;
}

interface Chapter {
  name: string;
  description: string;
  listed: Listed[];
}

function contents({ name, listed }: Chapter): Html {
  return html`<p><a href="#${name}">${name}</a></p>
<ul>${listed.map(([method, , { operationId, summary }]) => html`<li><a href="#${operationId}"><span class="method ${method}">${method.toUpperCase()}</span><span>${summary}</span></a></li>`)}</ul>`;
}

function chapter({ name, description, listed }: Chapter): Html {
  return html`<section id="${name}">
<h2>${name}</h2><p class="lead">${description}</p>
${listed.map((each) => operationSection(...each))}
</section>`;
}

function schemaSection([name, schema]: [string, Schema]): Html {
  return html`<details class="schema" id="schema-${name}"><summary><code>${name}</code></summary>
${schema.description && html`<p>${inline(schema.description)}</p>`}<p class="type">${typeOf(schema)}</p>${fieldsOf(schema)}</details>`;
}
