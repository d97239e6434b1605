import { BUS_EVENTS } from './bus.ts';
import { INSTANCE_EVENTS } from './instance.ts';
import type { LogEvent } from './log-event.ts';
import { PLATFORM_EVENTS } from './platforms.ts';
import { ROUTING_EVENTS } from './routing.ts';
import { STORE_EVENTS } from './store.ts';
import { SYNC_EVENTS } from './sync.ts';

/** The catalogue, by the part of an instance that writes the line. */
export const SECTIONS = {
  Instance: INSTANCE_EVENTS,
  Store: STORE_EVENTS,
  Bus: BUS_EVENTS,
  Replication: SYNC_EVENTS,
  Routing: ROUTING_EVENTS,
  Platforms: PLATFORM_EVENTS,
} as const satisfies Record<string, Record<string, LogEvent>>;

/** Every log event by its `event` code. Codes that are no longer used are never used again. */
export const LOG_EVENTS = {
  ...INSTANCE_EVENTS,
  ...STORE_EVENTS,
  ...BUS_EVENTS,
  ...SYNC_EVENTS,
  ...ROUTING_EVENTS,
  ...PLATFORM_EVENTS,
} as const satisfies Record<string, LogEvent>;

type EventCode = keyof typeof LOG_EVENTS;

/** The codes that may be logged at a level. */
export type EventCodeAt<Level extends string> = {
  [Code in EventCode]: (typeof LOG_EVENTS)[Code]['level'] extends `${string}${Level}${string}` ? Code : never;
}[EventCode];
