import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/api/openapi/components.ts';
import { renderDocument } from '../../src/api/openapi/document.ts';
import { operationList } from '../../src/api/operations/operations.ts';
import { renderPage } from '../../src/api/page/page.ts';

const document = renderDocument();
const { text, policy } = renderPage(document);
const inline = (tag: string): string[] =>
  [...text.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([\\s\\S]*?)</${tag}>`, 'g'))].map(([, inner = '']) => inner);
const hashOf = (inner: string): string => `'sha256-${createHash('sha256').update(inner).digest('base64')}'`;

describe('the page', () => {
  it('runs and shows what its policy names, and nothing else', () => {
    const page = text.replace(/href="data:[^"]*"/, '');
    const scripts = inline('script');
    expect(scripts).toHaveLength(2);
    expect(policy).toContain(`script-src ${scripts.map(hashOf).join(' ')};`);
    expect(policy).toContain(`style-src ${inline('style').map(hashOf).join(' ')};`);
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toContain('unsafe');
    expect(page.match(/ (?:on\w+|style|src|action)="/g)).toBeNull();
  });

  it('loads nothing: no image, font, script or style of others', () => {
    expect(text).not.toMatch(/<(?:img|iframe|object|embed|script src)|@import|url\(/);
    const loaded = [...text.matchAll(/<link [^>]*href="([^"]*)"/g)].map(([, href = '']) => href);
    expect(loaded.filter((href) => !href.startsWith('data:image/svg+xml,'))).toEqual([]);
  });

  it('joins its modules to one script that compiles: no two have the same name', () => {
    for (const script of inline('script')) expect(() => new Script(`'use strict'; ${script}`)).not.toThrow();
    expect(inline('script').join()).not.toMatch(/\b(?:innerHTML|outerHTML|insertAdjacentHTML|localStorage)\b/);
  });

  it('has each id once, and no link into the void', () => {
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    const linked = [...text.matchAll(/ href="#([^"]+)"/g)].map(([, id = '']) => id);
    expect(linked.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('has a form for each operation, with a field for each parameter', () => {
    for (const [id, { params, query, body }] of operationList()) {
      const article = new RegExp(`<article id="${id}">([\\s\\S]*?)</article>`).exec(text)?.[1] ?? '';
      expect(article).toContain('<form ');
      const inPlace = (place: string, schema: unknown) =>
        Object.keys((schema as { properties?: object } | undefined)?.properties ?? {}).map(
          (name) => `id="try-${id}-${place}-${name}"`,
        );
      for (const named of [...inPlace('path', params), ...inPlace('query', query)]) expect(article).toContain(named);
      if (body) expect(article).toContain(`id="try-${id}-body"`);
    }
  });

  it('says on the button what changes something, also where a script can only GET', () => {
    const changing = [...text.matchAll(/<form data-method="(\w+)" data-path="([^"]+)"[^>]*data-changes="(\w*)"/g)];
    const byChange = (change: string) => changing.filter(([, , , on]) => on === change).map(([, , path]) => path);
    expect(changing.filter(([, method, , on]) => method !== 'GET' && on !== 'always')).toEqual([]);
    expect(byChange('always')).toContain('/v1/route/settle');
    expect(byChange('call_id')).toEqual(['/agents/available']);
    expect(byChange('')).toContain('/v1/agents/{id}');
  });

  it('names a token by its variable in commands', () => {
    expect(text).toContain('-H &#34;authorization: Bearer $MUSTER_TOKEN&#34;');
  });

  it('writes hostile words as words', () => {
    const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(1)> "\'`';
    const bad = JSON.parse(JSON.stringify(document)) as JsonObject & {
      paths: Record<string, Record<string, JsonObject>>;
    };
    const claim = bad.paths['/v1/claims']?.post as JsonObject;
    Object.assign(claim, { summary: hostile, description: hostile });
    const page = renderPage(bad).text;
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img src=x');
  });
});
