import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A package of the repository, as its package.json describes it. */
export interface Package {
  name: string;
  /** From the root, with a slash at its end; empty for the root. */
  folder: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  /** File of each entry point, e.g. `./client`. */
  exports: Record<string, string>;
}

interface Module {
  /** From the root, with slashes. */
  path: string;
  text: string;
}

/** Both packages of the repository. */
export const MUSTER = readPackage('');
export const SIMULATORS = readPackage('simulators/');

/** The formatter puts `from` on the last line of an import. */
const IMPORTED = /(?:^(?:import|export|\}).*? from |^import |\bimport\()'([^'.][^']*)'/gm;

function readPackage(folder: string): Package {
  const read = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  return { dependencies: {}, devDependencies: {}, exports: {}, ...read, folder };
}

/** All modules in these folders, or of these names, from the root. */
export function modulesIn(...places: string[]): Module[] {
  const files = places.flatMap((place) => (place.endsWith('.ts') ? [place] : [`${place}/**/*.{ts,mjs}`]));
  return globSync(files, { cwd: ROOT, exclude: ['**/node_modules/**'] }).map((path) => ({
    path: path.replaceAll('\\', '/'),
    text: readFileSync(join(ROOT, path), 'utf8'),
  }));
}

/** The file, from the root, behind an import by a package's name; undefined for packages from elsewhere. */
export function fileOfImport(imported: string): string | undefined {
  for (const { name, folder, exports } of [SIMULATORS, MUSTER]) {
    if (nameOf(imported) !== name) continue;
    const entry = `.${imported.slice(name.length)}`;
    return folder + (exports[entry] ?? `${entry} is not exported`).replace(/^\.\//, '');
  }
  return undefined;
}

/** The packages that files import, without Node's own. */
export function packagesOf(modules: readonly Module[]): Set<string> {
  const imported = modules.flatMap(({ text }) => [...text.matchAll(IMPORTED)].map(([, name = '']) => name));
  return new Set(imported.filter((name) => !name.startsWith('node:')).map(nameOf));
}

/** Without the path inside the package. */
function nameOf(imported: string): string {
  return imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
}

/**
 * Where the production dependencies of a package differ from what its files import.
 * @param modules the files that the package runs in production
 */
export function undeclared(modules: readonly Module[], declared: Record<string, string>): string[] {
  const imported = packagesOf(modules);
  return [
    ...[...imported].filter((name) => !(name in declared)).map((name) => `${name} is imported, and not declared`),
    ...Object.keys(declared)
      .filter((name) => !imported.has(name))
      .map((name) => `${name} is declared, and not imported`),
  ];
}
