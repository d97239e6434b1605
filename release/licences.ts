import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './command.ts';
import { type Lock, productionPackages } from './manifest.ts';

/** Licences under which a dependency may be passed on with Muster, without a duty beyond keeping its text. */
export const PERMITTED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
];

interface Licence {
  name: string;
  version: string;
  /** As SPDX has it. */
  licence: string;
  /** What the package ships about it. */
  texts: string[];
}

/** The licences of everything that an installed package brings along, in the order of its names. */
export function licencesOf({ packages }: Lock): Licence[] {
  return Object.keys(productionPackages(packages))
    .filter((folder) => existsSync(join(ROOT, folder)))
    .map((folder) => licenceIn(join(ROOT, folder)))
    .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));
}

function licenceIn(folder: string): Licence {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return { name, version, licence: license ?? 'unknown', texts };
}

/** A page with a line for each package, then the texts. */
export function renderLicences(licences: Licence[]): string {
  const lines = licences.map(({ name, version, licence }) => `${name}@${version}  ${licence}`);
  const texts = licences
    .filter((each) => each.texts.length > 0)
    .map(({ name, version, texts: all }) => `---- ${name}@${version} ----\n\n${all.join('\n\n')}`);
  return `${[`What an installation of Muster brings along (${licences.length} packages):`, ...lines].join('\n')}\n\n${texts.join('\n\n')}\n`;
}
