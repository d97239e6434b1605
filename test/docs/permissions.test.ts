import { expect, test } from 'vitest';
import { renderPermissionDocs as renderCxone } from '../../src/platforms/cxone/permission-docs.ts';
import { REQUESTS as CXONE, LOGIN as CXONE_LOGIN } from '../../src/platforms/cxone/requests.ts';
import { renderPermissionDocs as renderGenesys } from '../../src/platforms/genesys/permission-docs.ts';
import { REQUESTS as GENESYS, LOGIN as GENESYS_LOGIN, USER_TOPICS } from '../../src/platforms/genesys/requests.ts';

test('docs/permissions-genesys.md says what the table says', async () => {
  await expect(renderGenesys()).toMatchFileSnapshot('../../docs/permissions-genesys.md');
});

test('docs/permissions-cxone.md says what the table says', async () => {
  await expect(renderCxone()).toMatchFileSnapshot('../../docs/permissions-cxone.md');
});

test('each request and each topic is there once', () => {
  const pages = [
    { page: renderGenesys(), rows: [GENESYS_LOGIN, ...Object.values(GENESYS)] },
    { page: renderCxone(), rows: [...Object.values(CXONE), ...Object.values(CXONE_LOGIN)] },
  ];
  for (const { page, rows } of pages) {
    for (const { method, path } of rows) expect(page.split(`| \`${method} ${path}\``)).toHaveLength(2);
  }
  for (const topic of Object.keys(USER_TOPICS))
    expect(renderGenesys().split(`| \`v2.users.{id}.${topic}\` |`)).toHaveLength(2);
});
