import { type Document, isMap, isScalar, isSeq, type LineCounter } from 'yaml';
import { inside, isWithin } from './problems.ts';

/** Where the values of a YAML document are. @returns the line of the value at a path, or of the nearest that it is in */
export function linesOf(document: Document.Parsed, lines: LineCounter): (path: string) => number | undefined {
  const lineByPath = new Map<string, number>();
  const enter = (path: string, offset: number | undefined): void => {
    if (offset !== undefined) lineByPath.set(path, lines.linePos(offset).line);
  };
  const walk = (node: unknown, path: string): void => {
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue;
        const at = inside(path, String(key.value));
        enter(at, key.range?.[0]);
        walk(value, at);
      }
    } else if (isSeq(node)) {
      for (const [at, item] of node.items.entries()) {
        enter(inside(path, at), (item as { range?: [number] }).range?.[0]);
        walk(item, inside(path, at));
      }
    }
  };
  walk(document.contents, '');
  return (path) => {
    const around = [...lineByPath.keys()].filter((each) => isWithin(path, each));
    return lineByPath.get(around.reduce((longest, each) => (each.length > longest.length ? each : longest), ''));
  };
}
