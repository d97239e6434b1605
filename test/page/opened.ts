import type { Browser, BrowserContextOptions, Page, Request } from 'playwright-core';

/** A page that is open in a browser, and what it did. */
export interface Opened {
  page: Page;
  /** All that it asked for, in order. */
  requests: Request[];
  /** Errors of its scripts, and what its policy forbade. */
  faults: string[];
}

/** Opens the API page of an instance. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const opened: Opened = { page, requests: [], faults: [] };
  page.on('request', (request) => opened.requests.push(request));
  page.on('pageerror', ({ message }) => opened.faults.push(message));
  page.on('console', (line) => {
    const text = line.text();
    // Refused requests are told as errors, too.
    if (line.type() === 'error' && !text.startsWith('Failed to load resource')) opened.faults.push(text);
  });
  await page.goto(url);
  return opened;
}

/** Opens the form of an operation, and fills fields in by name. */
export async function fillForm(page: Page, operation: string, fields: Record<string, string> = {}): Promise<void> {
  await page.locator(`#${operation} .try > summary`).click();
  for (const [name, value] of Object.entries(fields)) {
    await page.locator(`#${operation} [data-name="${name}"]`).fill(value);
  }
}

/** Sends the form of an operation. @returns what it shows once the answer is there */
export async function sendForm(page: Page, operation: string): Promise<string> {
  const article = page.locator(`#${operation}`);
  await article.locator('[type=submit]').click();
  await article.locator('.stop').waitFor({ state: 'hidden' });
  return article.locator('.reply').innerText();
}
