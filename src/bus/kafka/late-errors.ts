import { Connection, instancesChannel } from '@platformatic/kafka';

let isHeard = false;

/**
 * Ignores late errors of connections. A connection that ends during authentication emits `error` twice, and the client
 * listens only once: the second error would end the process. The caller gets the first one.
 */
export function ignoreLateErrors(): void {
  if (isHeard) return;
  isHeard = true;
  instancesChannel.subscribe((message) => {
    const { instance } = message as { instance: unknown };
    if (instance instanceof Connection) instance.on('error', () => undefined);
  });
}
