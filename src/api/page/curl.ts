import type { Example } from '../openapi/example.ts';
import { JSON_TYPE, type Operation } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/operations.ts';

/** How somebody would carry the example out in a shell, at the instance whose URL is in `$MUSTER`. */
export function curlOf({ operation, params = {}, query = {}, headers = {}, type = JSON_TYPE, body }: Example): string {
  const { method, path }: Operation = OPERATIONS[operation];
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const url = `"$MUSTER${filled}${search.length > 0 ? `?${search.join('&')}` : ''}"`;
  if (body === undefined) return method === 'GET' ? `curl ${url}` : `curl -X ${method} ${url}`;
  const sent = { ...headers, 'content-type': type };
  const shown = Object.entries(sent).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\\n`);
  return `curl ${url} \\\n${shown.join('')}  -d ${quoted(JSON.stringify(body, null, 2))}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
