import type { JsonObject } from '../openapi/components.ts';
import { type Assets, readAssets } from './assets.ts';
import { type Chapter, contents, type Listed } from './contents.ts';
import type { Document, Schema } from './described.ts';
import { fieldsOf, typeOf } from './fields.ts';
import { type Html, html, inline, type Page, words } from './html.ts';
import { operationSection } from './operation-section.ts';

/**
 * The document as one HTML page that loads nothing more. It can be read without scripts; they add search, requests to this
 * instance, and buttons that copy.
 */
export function renderPage(rendered: JsonObject): Page {
  const document = rendered as unknown as Document;
  const { tags, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Listed => [method, path, operation]),
  );
  const chapters = tags.map((tag) => ({ ...tag, listed: operations.filter(([, , { tags }]) => tags[0] === tag.name) }));
  const assets = readAssets();
  const page = html`<!doctype html>
<html lang="en">
${head(document, assets)}
<body>
<a class="skip" href="#start">Skip to the content</a>
${header(document)}
<div class="columns">
${contents(chapters)}
<main>
${start(document)}
${TOKEN}
${chapters.map(chapter)}
<section id="security"><h2>Authentication</h2><dl class="fields">${Object.entries(components.securitySchemes).map(([name, { description }]) => html`<div><dt><code class="name">${name}</code></dt><dd>${inline(description)}</dd></div>`)}</dl></section>
<section id="schemas"><h2>Schemas</h2>${Object.entries(components.schemas).map(schemaSection)}</section>
</main>
</div>
<p id="told" class="unseen" role="status"></p>
<script type="module">${assets.script}</script>
</body>
</html>
`;
  return { text: page.text, policy: assets.policy };
}

const head = ({ info }: Document, { icon, style, mark }: Assets): Html => html`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${info.title} API</title>
<link rel="icon" href="${icon}">
<script>${mark}</script>
<style>${style}</style>
</head>`;

const header = ({ info }: Document): Html => html`<header>
<h1>${info.title} <small>API ${info.version}</small></h1>
<p class="lead">${info.summary}</p>
</header>`;

const start = ({ info }: Document): Html => html`<section id="start">${words(info.description)}
<p>For programs: <a href="openapi.json"><code>/openapi.json</code></a>, OpenAPI 3.1. In the examples <code>$MUSTER</code> is the URL of this instance, and <code>$MUSTER_TOKEN</code> your token.</p></section>`;

/** The field is of no form, and has no name: nothing submits it, and no browser offers to remember it. */
const TOKEN = html`<section id="token" class="needs-script" aria-labelledby="token-title">
<h2 id="token-title">Your token</h2>
<p><i>Try it</i> sends requests to the instance that served this page, with this token where one is needed. Instances without issuers in their config need none.</p>
<div class="token"><label for="token-field">Bearer token</label>
<input id="token-field" type="password" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="token-fault token-note">
<button type="button" id="token-forget" disabled>Forget</button></div>
<p id="token-fault" class="fault" role="alert"></p>
<p id="token-note" class="note">Kept in the memory of this tab alone: it is never stored, and gone when the page is closed or loaded again. Copied commands name <code>$MUSTER_TOKEN</code> in its place, so it reaches neither the clipboard nor the history of a shell.</p>
</section>`;

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
