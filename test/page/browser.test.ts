import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { JwksServer, pairOf, privatePem, publicPem, sign } from '../fixtures/issuer.ts';
import { eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { startChromium } from './chromium.ts';
import { fillForm, type Opened, openPage, sendForm } from './opened.ts';

const ISSUER = 'https://login.example.com/';
const [idp, own] = [pairOf('idp'), pairOf('eu')];
const AGENT = 'crm-eu:floor/2';

describe('the API page in a browser', () => {
  let issuer: JwksServer;
  let regions: Regions;
  let browser: Browser;
  let token: string;
  let url: string;
  let opened: Opened;

  beforeAll(async () => {
    issuer = await JwksServer.start(idp);
    const scope = 'admin:region read:agent route:agent write:agent:status';
    token = await sign(idp, { iss: ISSUER, aud: 'muster', sub: 'ann', scope }, systemClock.nowMs());
    regions = await startRegions({
      names: ['eu'],
      replicas: false,
      secured: {
        auth: { issuers: { idp: { issuer: ISSUER, audience: 'muster', jwksUrl: issuer.url } } },
        keys: { eu: { publicKey: publicPem(own), privateKey: privatePem(own) } },
        token,
      },
    });
    url = `${regions[0]?.url}/docs`;
    await report('AVAILABLE');
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await regions?.stop();
    await issuer?.stop();
  });
  afterEach(async () => {
    expect(opened.faults).toEqual([]);
    await opened.page.context().close();
  });

  async function report(status: string): Promise<void> {
    const response = await fetch(`${regions[0]?.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(eventOf(AGENT, status, systemClock.nowMs())),
    });
    expect(response.status, await response.text()).toBe(202);
  }

  describe.each(['light', 'dark'] as const)('in the %s scheme', (colorScheme) => {
    it.each([1280, 390])(
      '%i px wide, axe finds nothing, and nothing leads sideways',
      async (width) => {
        opened = await openPage(browser, url, { colorScheme, viewport: { width, height: 844 } });
        const { page } = opened;
        await fillForm(page, 'getAgent', { id: 'crm-eu:nobody' });
        await sendForm(page, 'getAgent');
        await page.locator('#search').fill('queue');
        const found = await new AxeBuilder({ page }).include('nav').analyze();
        await page.locator('#search').fill('');
        await page.evaluate((most) => {
          // Of what is alike some are enough: all take minutes.
          const alike = ['.schema', '.problems'].flatMap((kind) => [...document.querySelectorAll(kind)].slice(most));
          for (const each of document.querySelectorAll('details')) each.open = !alike.includes(each);
        }, 3);
        const open = await new AxeBuilder({ page }).analyze();
        const violations = [...found.violations, ...open.violations];
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
        expect(open.passes.length).toBeGreaterThan(30);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      },
      180_000,
    );
  });

  it('asks for nothing but itself', async () => {
    opened = await openPage(browser, url);
    await opened.page.waitForLoadState('networkidle');
    expect(opened.requests.map((request) => request.url()).filter((each) => !each.startsWith('data:'))).toEqual([url]);
  });

  it('can be read without scripts', async () => {
    opened = await openPage(browser, `${url}#createClaim`, { javaScriptEnabled: false });
    const { page } = opened;
    expect(await page.locator('#createClaim h3').isVisible()).toBe(true);
    expect(await page.locator('#createClaim pre').first().isVisible()).toBe(true);
    for (const hidden of ['.search', '#token', '#createClaim .try', '.copy']) {
      expect(await page.locator(hidden).first().isVisible()).toBe(false);
    }
  });

  it('is searched by keys alone', async () => {
    opened = await openPage(browser, url);
    const { page } = opened;
    await page.keyboard.press('/');
    await page.keyboard.type('no_agent_available');
    expect(await page.locator('#count').innerText()).toBe('1 result');
    expect(await page.locator('#count').getAttribute('role')).toBe('status');
    expect(await page.locator('#contents').isVisible()).toBe(false);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).hash).toBe('#schema-Problem.no_agent_available');
    await expect.poll(() => page.locator('#schema-Problem\\.no_agent_available dl').first().isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.locator('#search').inputValue()).toBe('');
    expect(await page.locator('#contents').isVisible()).toBe(true);
    await page.keyboard.type('<img src=x onerror=alert(1)>');
    expect(await page.locator('#count').innerText()).toBe('Nothing found for “<img src=x onerror=alert(1)>”');
    expect(await page.locator('img').count()).toBe(0);
    await page.locator('#search').fill('/v1/claims/{id}/confirm');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).hash).toBe('#confirmClaim');
  });

  it('marks in the contents what is read', async () => {
    opened = await openPage(browser, url, { reducedMotion: 'reduce' });
    const { page } = opened;
    const marked = page.locator('#contents [aria-current]');
    expect(await marked.getAttribute('href')).toBe('#start');
    await page.locator('#getQueue').evaluate((article) => article.scrollIntoView());
    await page.locator('#contents [href="#getQueue"][aria-current=location]').waitFor();
    expect(await marked.count()).toBe(1);
    expect(await marked.innerText()).toMatch(/\nGET \/v1\/queues\/\{id\}$/);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior)).toBe('auto');
  });

  it('leads from a 401 to the field of the token and back, and sends what is there', async () => {
    opened = await openPage(browser, url);
    const { page } = opened;
    await fillForm(page, 'getAgent', { id: AGENT });
    expect(await sendForm(page, 'getAgent')).toMatch(/401 Unauthorized[\s\S]*none was sent/);
    await page.locator('#getAgent .reply a[href="#token"]').click();
    await page.keyboard.insertText(` Bearer ${token}\n`);
    await page.keyboard.press('Enter');
    expect(await page.locator('#getAgent [type=submit]').evaluate((button) => button.matches(':focus'))).toBe(true);
    const shown = await sendForm(page, 'getAgent');
    expect(shown).toContain('200 OK');
    expect(shown).toContain('/v1/agents/crm-eu%3Afloor%2F2');
    expect(shown).toContain('x-request-id');
    expect(shown).toContain(`  "agent_id": "${AGENT}"`);
  });

  it('keeps the token in its field alone', async () => {
    opened = await openPage(browser, url, { permissions: ['clipboard-read', 'clipboard-write'] });
    const { page } = opened;
    await page.locator('#token-field').fill(token);
    await fillForm(page, 'createClaim');
    await sendForm(page, 'createClaim');
    const stored = await page.evaluate(() => [
      localStorage.length,
      sessionStorage.length,
      document.cookie,
      location.href,
    ]);
    expect(stored).toEqual([0, 0, '', url]);
    await page.locator('#createClaim .copy').first().click();
    await page.locator('#told', { hasText: 'Copied the curl' }).waitFor({ state: 'attached' });
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain('authorization: Bearer $MUSTER_TOKEN');
    expect(copied).not.toContain(token);
    await page.locator('#token-forget').click();
    expect(await page.locator('#token-field').inputValue()).toBe('');
    expect(await sendForm(page, 'createClaim')).toContain('401');
    await page.locator('#token-field').fill(token);
    await page.reload();
    expect(await page.locator('#token-field').inputValue()).toBe('');
  });

  it('sends no token that no header can have', async () => {
    opened = await openPage(browser, url);
    const { page } = opened;
    await page.locator('#token-field').fill('one two');
    expect(await page.locator('#token-fault').innerText()).toContain('not sent');
    await fillForm(page, 'getRegions');
    expect(await sendForm(page, 'getRegions')).toContain('none was sent');
  });

  it('sends nothing to another place than the form says', async () => {
    opened = await openPage(browser, url);
    const { page, requests } = opened;
    await fillForm(page, 'getAgent', { id: '..' });
    const before = requests.length;
    expect(await sendForm(page, 'getAgent')).toContain('lead elsewhere');
    expect(requests.length).toBe(before);
    await page.locator('#getAgent [data-name=id]').fill('../../readyz?a#b');
    await sendForm(page, 'getAgent');
    expect(new URL(requests.at(-1)?.url() ?? '').pathname).toBe('/v1/agents/..%2F..%2Freadyz%3Fa%23b');
    await page.locator('#getAgent [data-name=muster-consistency]').fill('→');
    expect(await sendForm(page, 'getAgent')).toContain('Latin letters only');
  });

  it('says what changes data, as soon as a field makes it so', async () => {
    opened = await openPage(browser, url);
    const { page } = opened;
    await fillForm(page, 'findAgents', { call_id: '' });
    const button = page.locator('#findAgents [type=submit]');
    expect(await button.innerText()).toBe('Send');
    await page.locator('#findAgents [data-name=call_id]').fill('call-1');
    expect(await button.innerText()).toBe('Send and change data');
    await page.locator('#findAgents .fill').selectOption({ index: 0 });
    expect(await button.innerText()).toBe('Send');
    expect(await page.locator('#findAgents [data-name=skills]').inputValue()).toBe('billing');
  });

  it('shows the events of a stream as they come, until it is stopped', async () => {
    opened = await openPage(browser, url);
    const { page } = opened;
    await page.locator('#token-field').fill(token);
    await fillForm(page, 'getStream');
    await page.locator('#getStream [type=submit]').click();
    await page.locator('#getStream .reply pre').waitFor();
    await report('BUSY');
    await page.locator('#getStream .reply pre', { hasText: AGENT }).waitFor();
    await page.locator('#getStream .stop').click();
    await page.locator('#getStream .reply', { hasText: 'Stopped.' }).waitFor();
    expect(await page.locator('#getStream [type=submit]').evaluate((button) => button.matches(':focus'))).toBe(true);
  });

  describe('of an answer', () => {
    const JSON_HEADERS = { 'content-type': 'application/json' };
    const answered = async (body: string, headers: Record<string, string> = JSON_HEADERS, status = 200) => {
      opened = await openPage(browser, url);
      await opened.page.route('**/readyz', (route) => route.fulfill({ status, headers, body }));
      await fillForm(opened.page, 'getReadiness');
      return sendForm(opened.page, 'getReadiness');
    };

    it('that is hostile, shows the text', async () => {
      const body = JSON.stringify({ name: '</code><img src=x onerror=alert(1)><script>alert(2)</script>' });
      expect(await answered(body)).toContain('<img src=x onerror=alert(1)>');
      expect(await opened.page.locator('.reply img, .reply script').count()).toBe(0);
    });

    it('that is huge, shows a part of it', async () => {
      const shown = await answered('x'.repeat(6_000_000), { 'content-type': 'text/plain' });
      expect(shown).toContain('Only the first 4,194 kB were read. The first 200 kB are shown.');
      expect(shown.length).toBeLessThan(202_000);
    });

    it('that comes when there is too much to do, says when to come back', async () => {
      const headers = { 'retry-after': '7', 'ratelimit-remaining': '0', 'content-type': 'application/problem+json' };
      const body = JSON.stringify({ code: 'overloaded', title: 'Overloaded', detail: 'try later' });
      const shown = await answered(body, headers, 503);
      expect(shown).toContain('Overloaded: try later.');
      expect(shown).toContain('Repeat it after 7 s.');
      expect(shown).toMatch(/ratelimit-remaining\s+0/);
      await opened.page.locator('#getReadiness .reply a', { hasText: 'About overloaded' }).click();
      const explained = opened.page.locator('#schema-Problem\\.overloaded dl').first();
      await expect.poll(() => explained.isVisible()).toBe(true);
    });

    it('that does not come, says so in plain words', async () => {
      opened = await openPage(browser, url);
      const { page } = opened;
      await page.route('**/readyz', (route) => route.abort('connectionrefused'));
      await page.route('**/healthz', () => {});
      await fillForm(page, 'getReadiness');
      expect(await sendForm(page, 'getReadiness')).toMatch(/No answer from 127\.0\.0\.1:\d+: it refuses connections/);
      await fillForm(page, 'getHealth');
      await page.locator('#getHealth [type=submit]').click();
      await page.locator('#getHealth .stop').click();
      await page.locator('#getHealth .reply', { hasText: 'Stopped.' }).waitFor();
      await page.unroute('**/healthz');
      expect(await sendForm(page, 'getHealth')).toContain('200 OK');
    });
  });

  it('works below the path of a proxy', async () => {
    const served = await fetch(url);
    const [body, policy] = [await served.text(), served.headers.get('content-security-policy') ?? ''];
    opened = await openPage(browser, url);
    const { page, requests } = opened;
    const headers = { 'content-security-policy': policy };
    await page.route('**/muster/docs', (route) => route.fulfill({ contentType: 'text/html', headers, body }));
    await page.route('**/muster/readyz', (route) => route.fulfill({ contentType: 'application/json', body: '{}' }));
    await page.goto(new URL('/muster/docs', url).href);
    await fillForm(page, 'getReadiness');
    expect(await sendForm(page, 'getReadiness')).toContain('200 OK');
    expect(new URL(requests.at(-1)?.url() ?? '').pathname).toBe('/muster/readyz');
  });
});
