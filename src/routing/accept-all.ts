import type { AgentEvent } from '../agent/wire.ts';
import type { Accepted, Ingest } from '../sync/flow/ingest.ts';

/**
 * Accepts events; those of one agent one after another, in their order. At once, they would all compare and set the same record, and
 * most of a long batch would fail.
 * @returns the accepted events in the order of the given ones
 * @throws what {@link Ingest.accept} throws for the first event that fails; others may have been accepted
 */
export async function acceptAll(ingest: Pick<Ingest, 'accept'>, events: AgentEvent[]): Promise<Accepted[]> {
  const byAgent = Map.groupBy(events.keys(), (index) => events[index]?.agentId);
  const accepted = new Map<number, Accepted>();
  const acceptOf = async (indices: number[]): Promise<void> => {
    for (const index of indices) accepted.set(index, await ingest.accept(events[index] as AgentEvent));
  };
  await Promise.all([...byAgent.values()].map(acceptOf));
  return [...events.keys()].map((index) => accepted.get(index) as Accepted);
}
