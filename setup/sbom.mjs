import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { npmCi } from './dependencies.mjs';
import { progress, ROOT } from './quietly.mjs';

/** Installs what writes a release's bill of materials, in a folder of its own: it has more packages than Muster. */
export function ensureSbomTool() {
  const folder = join('setup', 'sbom');
  if (existsSync(join(ROOT, folder, 'node_modules', '@cyclonedx'))) return;
  progress('Installing what writes the bill of materials (npm ci) …');
  // Of its optional packages one has a script that downloads.
  npmCi(['--prefix', folder, '--omit=optional'], []);
}
