import { expect, test } from 'vitest';
import { renderStateDocs } from '../../src/platforms/cxone/state-docs.ts';

test('docs/states-cxone.md says what the tables say', async () => {
  await expect(renderStateDocs()).toMatchFileSnapshot('../../docs/states-cxone.md');
});
