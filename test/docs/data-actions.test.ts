import { expect, test } from 'vitest';
import { ACTIONS } from '../../integrations/genesys-cloud/source/actions.ts';
import { renderExport } from '../../integrations/genesys-cloud/source/export.ts';
import { renderTerraform } from '../../integrations/genesys-cloud/source/terraform.ts';

test.each(ACTIONS)('integrations/genesys-cloud/$file.json says what its source says', async (action) => {
  await expect(renderExport(action)).toMatchFileSnapshot(`../../integrations/genesys-cloud/${action.file}.json`);
});

test('integrations/genesys-cloud/terraform/main.tf says the same', async () => {
  await expect(renderTerraform()).toMatchFileSnapshot('../../integrations/genesys-cloud/terraform/main.tf');
});
