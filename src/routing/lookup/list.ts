import { isForgotten } from '../../agent/merge.ts';
import type { Status } from '../../agent/status.ts';
import { flawIn } from '../../agent/text.ts';
import { domainsOf, homeOfAgent, queuesOf } from '../../config/topology.ts';
import type { AgentAnswer, AgentsAnswer } from '../../contract/agents.ts';
import { textOf } from '../../ops/utf8.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import { buildAgentAnswer, buildAndRecordAgentAnswer, queueNamed, type Region } from '../region.ts';

/** Conditions on agents, all optional. */
interface AgentFilter {
  status?: Status | undefined;
  queue?: string | undefined;
  /** Lowest level by skill. */
  skills: Record<string, number>;
  home?: string | undefined;
  stale?: boolean | undefined;
}

/** The last agent that a page looked at, and its domain. */
export interface Cursor {
  domain: string;
  agentId: string;
}

/** Records that are read together. */
const STEP = 200;
/** Most records that are read for one page. A selective filter gives shorter pages, not slower answers. */
const MOST_READ = 1000;

/** The text is not a cursor. */
export class InvalidCursor extends Error {
  override name = 'InvalidCursor';
}

const writeCursor = ({ domain, agentId }: Cursor): string =>
  Buffer.from(JSON.stringify([domain, agentId])).toString('base64url');

/** Reads a cursor from the `next` of an answer. @throws InvalidCursor */
export function readCursor(text: string): Cursor {
  try {
    const cursor = JSON.parse(textOf(Buffer.from(text, 'base64url')) ?? '') as unknown[];
    const [domain, agentId] = cursor;
    if (typeof domain === 'string' && typeof agentId === 'string' && !flawIn(cursor)) return { domain, agentId };
  } catch (error) {
    throw new InvalidCursor('is not the `next` of an answer', { cause: error });
  }
  throw new InvalidCursor('is not the `next` of an answer');
}

/**
 * Lists a page of agents, ordered by domain and id. An agent that exists and matches from the first page to the last is listed
 * exactly once.
 * @throws Refusal `unknown_queue`, ShardUnavailable
 */
export async function listAgents(
  region: Region,
  filter: AgentFilter,
  limit: number,
  from?: Cursor,
): Promise<AgentsAnswer> {
  const domains = domainsIn(region, filter).filter((domain) => from === undefined || domain >= from.domain);
  const agents: AgentAnswer[] = [];
  let read = 0;
  for (const domain of domains) {
    let agentId = domain === from?.domain ? from.agentId : '';
    for (;;) {
      const found = await region.agents.after(domain, agentId, STEP);
      for (const [id, record] of found) {
        agentId = id;
        read += 1;
        if (isWanted(region, filter, id, record)) agents.push(buildAndRecordAgentAnswer(region, id, record));
        if (agents.length === limit || read === MOST_READ) return { agents, next: writeCursor({ domain, agentId }) };
      }
      if (found.length < STEP) break;
    }
  }
  return { agents };
}

function domainsIn(region: Region, { queue }: AgentFilter): string[] {
  // All agents of all domains are in the queue `global`.
  const { domain, id } = queue === undefined ? {} : queueNamed(region, queue);
  return domain === undefined || id === 'global' ? domainsOf(region.config).toSorted() : [domain];
}

function isWanted(
  region: Region,
  { status, queue, skills, home, stale }: AgentFilter,
  agentId: string,
  record: AgentRecord,
): boolean {
  if (homeOfAgent(region.config, agentId) === undefined || isForgotten(record.facets)) return false;
  const { profile } = record.facets;
  if (home !== undefined && record.home !== home) return false;
  if (queue !== undefined && !queuesOf(region.config, agentId, profile).includes(queue)) return false;
  if (Object.entries(skills).some(([name, level]) => (profile?.skills[name] ?? -1) < level)) return false;
  if (status === undefined && stale === undefined) return true;
  const known = buildAgentAnswer(region, agentId, record);
  return (status ?? known.status) === known.status && (stale ?? known.stale) === known.stale;
}
