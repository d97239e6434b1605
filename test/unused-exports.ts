import { dirname, join, normalize } from 'node:path';
import { fileOfImport } from './packages.ts';

interface Module {
  /** From the root, with slashes. */
  path: string;
  text: string;
}

const EXPORTED =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;
const LISTED = /^export (?:type )?\{([^}]*)\}/gm;
/** Of `import … from`, `export … from`: what it names, and the file. */
const IMPORTED = /^(?:import|export)\s+(?:type\s+)?(\{[^}]*\}|\*[^'{]*)\s*from\s+'([^']+)'/gm;
/** An import within code takes the whole file. */
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;
const EVERYTHING = '*';

/**
 * Exports that no other file imports, as `path: name`.
 * @param modules all files that may import
 * @param files whose exports are looked at
 * @param entries files whose exports are for users of the package
 */
export function unusedExports(modules: readonly Module[], files: RegExp, entries: readonly string[]): string[] {
  const imported = importsOf(modules);
  return modules
    .filter(({ path }) => files.test(path) && !entries.includes(path))
    .flatMap(({ path, text }) => {
      const used = imported.get(path);
      if (used?.has(EVERYTHING)) return [];
      return exportsOf(text)
        .filter((name) => !used?.has(name))
        .map((name) => `${path}: ${name}`);
    });
}

function importsOf(modules: readonly Module[]): Map<string, Set<string>> {
  const imported = new Map<string, Set<string>>();
  const note = (from: string, file: string, names: string[]): void => {
    const path = file.startsWith('.') ? normalize(join(dirname(from), file)).replaceAll('\\', '/') : fileOfImport(file);
    if (path === undefined) return;
    imported.set(path, new Set([...(imported.get(path) ?? []), ...names]));
  };
  for (const { path, text } of modules) {
    for (const [, names = '', file = ''] of text.matchAll(IMPORTED)) {
      note(path, file, names.startsWith('*') ? [EVERYTHING] : namesIn(names, 'before as'));
    }
    for (const [, file = ''] of text.matchAll(DYNAMIC)) note(path, file, [EVERYTHING]);
  }
  return imported;
}

function exportsOf(text: string): string[] {
  const declared = [...text.matchAll(EXPORTED)].map(([, name = '']) => name);
  const listed = [...text.matchAll(LISTED)].flatMap(([, names = '']) => namesIn(names, 'after as'));
  return [...declared, ...listed];
}

/** The names of a list in braces: `a, type B, c as d`. */
function namesIn(list: string, which: 'before as' | 'after as'): string[] {
  return list
    .replace(/[{}]/g, '')
    .split(',')
    .map((entry) => entry.trim().replace(/^type /, ''))
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [before = '', after = before] = entry.split(/\s+as\s+/);
      return which === 'before as' ? before : after;
    });
}
