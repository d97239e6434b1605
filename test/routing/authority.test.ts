import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { readConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { homeStatuses } from '../../src/routing/claims/claim.ts';
import type { Attempt } from '../../src/routing/claims/grant.ts';
import { Peers } from '../../src/routing/peers/peers.ts';
import { Freshness } from '../../src/sync/freshness/freshness.ts';
import { freePort } from '../../world/tools/ports.ts';
import { STEADY_HOST } from '../fixtures/steady-host.ts';

const HERE = 'here';
const HOME = 'home';
const log = createLog('silent', HERE, 'test');
let peers: Peers;
afterEach(() => peers.stop());

/** An attempt in a region that has heard nothing of the other yet. */
function attemptBeside(port: number): Attempt {
  const urls = { [HERE]: 'http://127.0.0.1:1', [HOME]: `http://127.0.0.1:${port}` };
  const config = readConfig(
    JSON.stringify({
      region: HERE,
      redis: { nodes: ['127.0.0.1:1'] },
      bus: { url: 'redis://127.0.0.1:2' },
      regions: { [HERE]: { url: urls[HERE] }, [HOME]: { url: urls[HOME] } },
    }),
    'test',
    {},
  );
  const shared = { store: undefined as never, clock: systemClock, log }; // nothing is asked of the store
  const freshness = new Freshness({ ...shared, config, host: STEADY_HOST });
  peers = new Peers({
    region: HERE,
    urls,
    ask: (name) => freshness.ask(name),
    claimKey: '',
    exchange: OLDEST_EXCHANGE,
    clock: systemClock,
    log,
  });
  return {
    region: { config: { region: HERE, regions: urls }, peers, freshness, clock: systemClock },
    request: { budgetMs: 200 },
    startedMs: systemClock.monotonicMs(),
    unanswered: new Map(),
  } as unknown as Attempt;
}

describe('how a home stands', () => {
  it('is nobody to stand in for before it was asked; it is once it has not answered several times', async () => {
    const attempt = attemptBeside(await freePort());
    expect(homeStatuses(attempt)).toEqual({ passOver: new Map([[HOME, 'stale']]), ifVerified: new Map() });
    peers.start();
    const cutOff = new Map([[HOME, 'grant']]);
    await vi.waitFor(() => expect(homeStatuses(attempt).ifVerified).toEqual(cutOff), { timeout: 45_000 });
  });

  it('is that of one who does not answer while its instance has just started', async () => {
    const server = createHttpServer((_request, reply) => {
      reply.writeHead(503, { 'content-type': 'application/problem+json' }).end('{"code": "starting", "detail": ""}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const attempt = attemptBeside((server.address() as { port: number }).port);
    const asked = { queue: 'q', callId: 'c', media: 'voice', skills: {}, proposes: 'a' } as const;
    expect(await peers.claim(HOME, asked, 5000)).toEqual({ kind: 'unreachable' });
    peers.start();
    await vi.waitFor(() => expect(homeStatuses(attempt).ifVerified.size).toBe(1), { timeout: 45_000 });
    expect(peers.isReachable(HOME)).toBe(false);
    server.close();
  });

  it('is not waited for while it is known to be silent', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const attempt = attemptBeside(port);
    peers.start();
    await vi.waitFor(() => expect(homeStatuses(attempt).ifVerified.size).toBe(1), { timeout: 45_000 });
    const asked = { queue: 'q', callId: 'c', media: 'voice', skills: {}, proposes: 'a' } as const;
    expect(await peers.claim(HOME, asked, 100)).toEqual({ kind: 'unreachable' });
    silent.close();
    for (const socket of sockets) socket.destroy();
  });
});
