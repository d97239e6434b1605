import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Endpoint } from '../../src/platforms/endpoint.ts';

interface Created {
  request: { origin: string | URL; method: string; path: string };
}

const CREATED = 'undici:request:create';

/** Notes what the adapter's HTTP client sends to a simulator, as `GET /path`, whatever its code says that it sends. */
export function noteSent(url: string): { readonly sent: string[]; end(): void } {
  const sent = new Set<string>();
  const note = (message: unknown): void => {
    const { origin, method, path } = (message as Created).request;
    if (String(origin) === url) sent.add(`${method} ${path.split('?')[0]}`);
  };
  subscribe(CREATED, note);
  return {
    get sent() {
      return [...sent];
    },
    end: () => void unsubscribe(CREATED, note),
  };
}

/** Whether what was sent is a request of this row. @param prefix what comes before its path */
export function isOf({ method, path }: Endpoint, sent: string, prefix = ''): boolean {
  const pattern = `${method} ${prefix}${path}`.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(sent);
}
