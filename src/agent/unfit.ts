import { type AgentEvent, InvalidEvent, readEvent, writeEvent } from './event.ts';
import type { WrongField } from './fields.ts';
import { wrongText } from './text.ts';

/**
 * What keeps an event that was made here from being one that other regions can read, field by field. To be asked before it
 * is stored: what is stored here and refused by everybody else would make the regions differ for good.
 */
export function unfit(event: AgentEvent): WrongField[] {
  const payload = writeEvent(event, { status: 'OFFLINE' });
  const wrong = wrongText(payload);
  if (wrong.length > 0) return wrong;
  try {
    readEvent(payload, { region: event.region, status: 'summary' });
    return [];
  } catch (error) {
    if (error instanceof InvalidEvent) return error.errors;
    throw error;
  }
}
