import type { Facets } from '../../agent/facets.ts';
import { type AgentEvent, writeEvent } from '../../agent/wire.ts';
import type { BusMessage } from '../../bus/bus.ts';
import { AGENT_CHANGED } from '../../bus/envelope.ts';
import type { PlatformReport } from '../../platforms/platform.ts';
import { isOutage } from './outage.ts';
import type { SetAside } from './set-aside.ts';

/** Events accepted concurrently: enough to fill the outbox's batches, few enough to bound memory. */
const CONCURRENCY = 256;

/** Accepts the reports of a platform, in order for each agent. */
export async function acceptReports(
  reports: PlatformReport[],
  region: string,
  accept: (event: AgentEvent) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < reports.length; from += CONCURRENCY) {
    const byAgent = Map.groupBy(reports.slice(from, from + CONCURRENCY), ({ agentId }) => agentId);
    await Promise.all(
      [...byAgent.values()].map(async (ofAgent) => {
        for (const report of ofAgent) await accept({ ...report, region });
      }),
    );
  }
}

/**
 * Accepts a report about an agent. If it can never be accepted as a whole, each facet is accepted on its own: an agent goes off
 * duty even if the store refuses the profile. A failed facet is set aside once, however often the platform is read.
 * @param from the connection
 * @param accept resolves when the event is accepted; may retry for a long time
 * @throws the error of `accept`, if it is an outage
 */
export async function acceptParts(
  event: AgentEvent,
  from: string,
  accept: (event: AgentEvent) => Promise<void>,
  setAside: SetAside,
): Promise<void> {
  try {
    await accept(event);
  } catch (error) {
    if (isOutage(error)) throw error;
    const parts = partsOf(event);
    if (parts.length > 1) {
      for (const part of parts) await acceptParts(part, from, accept, setAside);
    } else if (!setAside.isKnown(event.agentId, error)) await putAside(event, error, from, setAside);
  }
}

function partsOf(event: AgentEvent): AgentEvent[] {
  const { eventId, facets } = event;
  return Object.entries(facets).map(([name, facet]) => ({
    ...event,
    eventId: `${eventId}/${name}`,
    facets: { [name]: facet } as Facets,
  }));
}

/** Writes a dead letter. If the bus is unavailable, only counts and logs: the platform sync must not wait, and reads again later. */
async function putAside(event: AgentEvent, error: unknown, from: string, setAside: SetAside): Promise<void> {
  try {
    await setAside.letter(messageOf(event), error, 'connection', from);
  } catch {
    setAside.tell(event.agentId, error, 'connection', from);
  }
}

/** The message as it would have been published, as far as it can be written. */
function messageOf(event: AgentEvent): BusMessage {
  const headers = { ce_type: AGENT_CHANGED, ce_id: event.eventId };
  const { status: _, ...payload } = writeEvent(event, { status: 'OFFLINE' });
  return { key: event.agentId, headers, value: JSON.stringify(payload) };
}
