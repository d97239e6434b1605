import { expect, test } from 'vitest';
import { MEDIA } from '../../src/agent/facets.ts';
import { MESSAGE_LIMITS, RECORD_LIMITS, REQUEST_LIMITS, TEXT_LIMITS } from '../../src/agent/limits.ts';
import { renderLimits } from '../../src/agent/limits-docs.ts';
import { renderDocument } from '../../src/api/openapi/document.ts';
import { LONGEST_CLAIM_ID } from '../../src/contract/claim-ids.ts';

test('docs/limits.md says what the limits are', async () => {
  await expect(renderLimits()).toMatchFileSnapshot('../../docs/limits.md');
});

test('the page has every limit, once', () => {
  const page = renderLimits();
  const all = [TEXT_LIMITS, RECORD_LIMITS, REQUEST_LIMITS, MESSAGE_LIMITS].flatMap((group) => Object.values(group));
  for (const { of } of all) expect(page.split(`| ${of} |`)).toHaveLength(2);
});

test('no bound of a request is a number of its own', () => {
  const known = new Set(
    [TEXT_LIMITS, RECORD_LIMITS, REQUEST_LIMITS].flatMap((group) => Object.values(group)).map(({ most }) => most),
  );
  // The longest id of a claim follows from its parts; a media type can go beside all others.
  const derived = new Set([LONGEST_CLAIM_ID, MEDIA.length]);
  const found = [...JSON.stringify(renderDocument()).matchAll(/"(maxLength|maxItems|maxProperties)":(\d+)/g)];
  expect(found.length).toBeGreaterThan(50);
  for (const [, keyword = '', most] of found) {
    expect(known.has(Number(most)) || derived.has(Number(most)), `${keyword}: ${most}`).toBe(true);
  }
});
