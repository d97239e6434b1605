import { type Facets, interactionsOf } from './facets.ts';
import type { WrongField } from './fields.ts';
import { UNSEEN } from './reconcile.ts';

/** Ids that only Muster's own readings of platforms give: under one of them somebody's call would be taken for what it stands for. */
export const isReserved = (callId: string): boolean => callId.startsWith(UNSEEN);

export const RESERVED = `must not begin with ${UNSEEN}, which stands for what a platform only counts`;

/** The call ids of what somebody else than Muster reports that are Muster's own to give. */
export function reservedIds(facets: Facets): WrongField[] {
  return interactionsOf(facets).flatMap(({ callId }, at) =>
    isReserved(callId) ? [{ field: `/interactions/${at}/call_id`, message: RESERVED }] : [],
  );
}
