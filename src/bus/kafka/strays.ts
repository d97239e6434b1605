import { Connection, instancesChannel } from '@platformatic/kafka';

let isHeard = false;

/**
 * A connection that ends while it authenticates tells of its end twice, and the client listens once: without this, the
 * second time ends the process. Whoever asked for the connection has been told.
 */
export function hearStrayErrors(): void {
  if (isHeard) return;
  isHeard = true;
  instancesChannel.subscribe((message) => {
    const { instance } = message as { instance: unknown };
    if (instance instanceof Connection) instance.on('error', () => undefined);
  });
}
