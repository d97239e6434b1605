import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Settlement } from '../../agent/claim.ts';
import { isReserved, RESERVED } from '../../agent/event.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { AuditRecord } from '../../ops/audit.ts';
import { claimAndDeliver, type Delivered } from '../../routing/claims/deliver.ts';
import type { ClaimRequest } from '../../routing/claims/grant.ts';
import { settle } from '../../routing/claims/settle.ts';
import { Refusal } from '../../routing/refusal.ts';
import { provenClaim, type Region } from '../../routing/region.ts';
import { NotReplicated } from '../../store/written.ts';
import type { Accepted } from '../../sync/flow/ingest.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { askedByOf, routeOf, whoSent } from './access.ts';
import { TooManyRequests } from './limits.ts';

/**
 * What callers do, done and written down: one record for each request of a claim or a settlement, and for each event,
 * whatever came of it. What a region's home does for another region is in the audits of both, each naming who asked it.
 */

/** Claims for whoever sent the request. @throws InvalidRequest, and as `claim` */
export async function claimFor(region: Region, request: FastifyRequest, asked: ClaimRequest): Promise<Delivered> {
  const { callId: call, queue } = asked;
  if (isReserved(call)) throw new InvalidRequest([{ field: '/call_id', message: RESERVED }]);
  const base = { op: 'claim', call, queue } as const;
  return recorded(
    region,
    request,
    base,
    () => claimAndDeliver(region, asked),
    ({ claim: granted, again }) => ({
      ...told(granted),
      outcome: again ? 'again' : 'ok',
    }),
  );
}

/** Settles for whoever sent the request. @throws as `settle` */
export async function settleFor(
  region: Region,
  request: FastifyRequest,
  claimId: string,
  settlement: Settlement,
  budgetMs?: number,
): Promise<ClaimAnswer> {
  const base = { op: settlement, claim: claimId } as const;
  const how = { ...(budgetMs !== undefined && { budgetMs }), askedBy: askedByOf(request) };
  return recorded(region, request, base, () => settle(region, claimId, settlement, how), told);
}

/**
 * Lets nobody settle by an id that was made up, before anything else is done for it. Whoever asks too often and shows such
 * ids guesses, and is refused for asking.
 * @throws Refusal `unknown_claim`, TooManyRequests
 */
export function demandProof(region: Region, request: FastifyRequest, claimId: string, settlement: Settlement): void {
  const { claimIds, metrics, audit } = region;
  if (request.overLimitMs !== null && !claimIds.prove(claimId)) {
    metrics.rateLimited.inc();
    throw new TooManyRequests(request.overLimitMs);
  }
  try {
    provenClaim(region, claimId);
  } catch (error) {
    const outcome = (error as Refusal).code;
    audit.record({ op: settlement, claim: claimId, outcome, who: whoSent(request), request: request.id });
    throw error;
  }
}

/** Writes down an event that was accepted. */
export function recordEvent({ audit }: Region, request: FastifyRequest, { event, outcome }: Accepted): void {
  const { eventId, agentId, facets } = event;
  const base = { op: 'event', agent: agentId, event_id: eventId, facets: Object.keys(facets), outcome } as const;
  audit.record({ ...base, who: whoSent(request), request: request.id });
}

/**
 * Writes down whoever uses what only operators may. `/metrics` is left out: it is read all day by a machine, and says
 * nothing about anybody.
 */
export function recordOperators(server: FastifyInstance, { audit }: Pick<Region, 'audit'>): void {
  server.addHook('onResponse', async (request, reply) => {
    const { config, url } = request.routeOptions;
    if (config.access !== 'admin:region' || url === '/metrics' || reply.statusCode >= 400) return;
    audit.record({ op: 'admin', who: whoSent(request), outcome: 'ok', request: request.id, route: routeOf(request) });
  });
}

async function recorded<T>(
  { audit }: Region,
  request: FastifyRequest,
  base: Pick<AuditRecord, 'op'> & Partial<AuditRecord>,
  act: () => Promise<T>,
  told: (result: T) => Partial<AuditRecord>,
): Promise<T> {
  const record = (more: Partial<AuditRecord>): void =>
    audit.record({ outcome: 'ok', ...base, ...more, who: whoSent(request), request: request.id });
  try {
    const result = await act();
    record(told(result));
    return result;
  } catch (error) {
    const isUnknown = error instanceof NotReplicated;
    record({ outcome: error instanceof Refusal ? error.code : isUnknown ? 'not_replicated' : 'unavailable' });
    throw error;
  }
}

function told(claim: ClaimAnswer): Partial<AuditRecord> {
  const { claim_id, agent_id, call_id, queue, unit, fence, authority, end_reason } = claim;
  const which = { claim: claim_id, agent: agent_id, call: call_id, queue, fence, ...(unit !== undefined && { unit }) };
  const end = end_reason === undefined ? {} : { end_reason };
  return { ...which, ...end, granted_by: authority.region, mode: authority.mode };
}
