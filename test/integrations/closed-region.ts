import { vi } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { pairOf, privatePem, publicPem, sign } from '../fixtures/issuer.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { eventOf, startRegions } from '../fixtures/regions.ts';
import { TokenEndpoint } from '../fixtures/token-endpoint.ts';

const ISSUER = 'https://login.example.com/';
/** The customer's client at the issuer, who gets tokens that route calls and nothing else. */
export const CLIENT = { id: 'contact-centre', secret: 'a$b#c"d\\e' };
const BASIC = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;
const FORM = { grant_type: 'client_credentials', scope: 'route:agent' };
const NOW_MS = RECENTLY_MS;

/** Does it again as long as the instance has too much to do: on a busy machine a request can be turned away unread. */
export const unlessTurnedAway = <T>(request: () => Promise<T>): Promise<T> =>
  vi.waitUntil(
    () =>
      request().catch((error: Error) => {
        if (!error.message.includes('"overloaded"')) throw error;
      }),
    { timeout: 45_000, interval: 100 },
  ) as Promise<T>;

/** One region that lets in who has a token of its issuer, as a region that a platform reaches must be. */
export interface ClosedRegion {
  url: string;
  /** Where a platform gets its tokens: by client credentials, as RFC 6749 has it. */
  loginUrl: string;
  /** A request of somebody who may do anything. */
  ask(path: string, method?: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Says that an agent of no platform is on duty, in a queue of the agent's own name unless another is named. */
  onDuty(agentId: string, skills?: Record<string, number>, queue?: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startClosedRegion(): Promise<ClosedRegion> {
  const [issuer, region] = [pairOf('issuer'), pairOf('eu')];
  const granting = (scope: string) =>
    sign(issuer, { iss: ISSUER, aud: 'muster', sub: 'x', client_id: CLIENT.id, scope }, systemClock.nowMs());
  const endpoint = await TokenEndpoint.start();
  endpoint.answer = async () => {
    const { authorization, form } = endpoint.asked.at(-1) as (typeof endpoint.asked)[number];
    if (authorization !== BASIC) return { status: 401, body: { error: 'invalid_client' } };
    if (JSON.stringify(form) !== JSON.stringify(FORM)) return { status: 400, body: { error: 'invalid_request' } };
    const access_token = await granting('route:agent');
    return { status: 200, body: { access_token, token_type: 'bearer', expires_in: 600 } };
  };
  const token = await granting('read:agent write:agent:status route:agent admin:region');
  const regions = await startRegions({
    names: ['eu'],
    replicas: false,
    secured: {
      auth: { issuers: { login: { issuer: ISSUER, audience: 'muster', keys: [publicPem(issuer)] } } },
      keys: { eu: { publicKey: publicPem(region), privateKey: privatePem(region) } },
      token,
    },
  });
  const url = regions.all[0]?.url as string;
  const ask: ClosedRegion['ask'] = async (path, method = 'GET', body) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return unlessTurnedAway(async () => {
      const response = await fetch(`${url}${path}`, { method, headers, ...text });
      const answer = (await response.json()) as Record<string, unknown>;
      if (answer.code === 'overloaded') throw new Error(JSON.stringify(answer));
      return { status: response.status, body: answer };
    });
  };
  return {
    url,
    loginUrl: endpoint.url,
    ask,
    onDuty: async (agentId, skills = {}, queue = agentId) => {
      const event = eventOf(agentId, 'AVAILABLE', NOW_MS, { profile: { queues: [queue], skills } });
      const { status } = await ask('/v1/events', 'POST', event);
      if (status !== 202) throw new Error(`${agentId} is not taken: ${status}`);
    },
    stop: async () => {
      await regions.stop();
      await endpoint.stop();
    },
  };
}
