import type { ClaimName } from '../agent/claim.ts';
import type { Config } from '../config/schema.ts';
import { findQueue, type Queue } from '../config/topology.ts';
import type { AgentAnswer } from '../contract/agents.ts';
import type { Audit } from '../ops/audit.ts';
import type { Clock } from '../ops/clock.ts';
import type { History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { PlatformReader } from '../platforms/platform.ts';
import type { AgentDirectory } from '../store/agent-directory.ts';
import type { Agents } from '../store/agents.ts';
import type { Calls } from '../store/calls.ts';
import type { Changes } from '../store/changes.ts';
import type { KeptAnswers } from '../store/kept-answers.ts';
import type { PassOver, Queues } from '../store/queues.ts';
import { type AgentRecord, readRecord } from '../store/record/record.ts';
import type { Ingest } from '../sync/flow/ingest.ts';
import type { SetAside } from '../sync/flow/set-aside.ts';
import type { Freshness } from '../sync/freshness/freshness.ts';
import type { Positions } from '../sync/freshness/positions.ts';
import { answerAgent } from './answers.ts';
import type { ClaimIds } from './claims/claim-ids.ts';
import type { Turns } from './claims/turns.ts';
import type { Peers } from './peers/peers.ts';
import type { ReadThrough } from './read-through/read-through.ts';
import { Refusal } from './refusal.ts';

/** What routing in a region works with. */
export interface Region {
  config: Config;
  agents: Agents;
  queues: Queues;
  calls: Calls;
  changes: Changes;
  roster: AgentDirectory;
  keptAnswers: KeptAnswers;
  peers: Peers;
  freshness: Freshness;
  readThrough: ReadThrough;
  /** By connection: who asks its platform, and tells it. */
  platforms: ReadonlyMap<string, PlatformReader>;
  turns: Turns;
  claimIds: ClaimIds;
  positions: Positions;
  ingest: Ingest;
  setAside: SetAside;
  /** The store's clock, by which locks are judged. */
  store: { nowMs(): number };
  clock: Clock;
  log: Log;
  metrics: Metrics;
  history: History;
  audit: Audit;
}

/** @throws Refusal `unknown_queue` */
export function queueNamed({ config }: Region, id: string): Queue {
  const queue = findQueue(config, id);
  if (!queue) throw new Refusal('unknown_queue', `no queue "${id}" is configured, and no connection of that name`);
  return queue;
}

/** What a claim's id says, once it has proven that it was granted: nothing is done for any other. @throws Refusal `unknown_claim` */
export function provenClaim({ claimIds, metrics }: Pick<Region, 'claimIds' | 'metrics'>, claimId: string): ClaimName {
  const name = claimIds.prove(claimId);
  if (name) return name;
  metrics.unprovenClaimIds.inc();
  throw new Refusal('unknown_claim', `"${claimId}" is not the id of a claim that a region granted`);
}

/** Homes whose agents must not be handed out now, because nobody knows whether they are still free. */
export function staleHomes({ config, freshness }: Region): PassOver {
  const passOver: PassOver = new Map();
  for (const name of Object.keys(config.regions)) {
    if (name !== config.region && freshness.region(name).state === 'stale') passOver.set(name, 'stale');
  }
  return passOver;
}

/** Homes that have been quiet for a while: their agents come behind everybody else's. */
export function suspectHomes({ config, freshness }: Region, unusable: PassOver): PassOver {
  const suspects: PassOver = new Map();
  for (const name of Object.keys(config.regions)) {
    if (!unusable.has(name) && freshness.region(name).state === 'suspect') suspects.set(name, 'stale');
  }
  return suspects;
}

/** Says what this region knows of an agent, how old that may be, and whose word it is. */
export function answerFor(region: Region, agentId: string, line: string | AgentRecord): AgentAnswer {
  const { freshness, readThrough, store } = region;
  const record = typeof line === 'string' ? readRecord(line) : line;
  const { ageMs, state } = freshness.agent(record.home, agentId);
  const confirmedMsAgo = readThrough.confirmedMsAgo(agentId);
  const stale = state === 'stale' && confirmedMsAgo === undefined;
  return answerAgent(agentId, record, { ageMs, stale, confirmedMsAgo }, store.nowMs());
}

/** The same as {@link answerFor}, for a caller: what callers are told is judged afterwards. */
export function tell(region: Region, agentId: string, line: string | AgentRecord): AgentAnswer {
  const record = typeof line === 'string' ? readRecord(line) : line;
  const answer = answerFor(region, agentId, record);
  const { home, age_ms: ageMs, stale, confirmed_ms_ago: vouchedMs, status } = answer;
  region.history.agentRead({ agent: agentId, home, ageMs, stale, vouchedMs, status, facets: record.facets });
  return answer;
}
