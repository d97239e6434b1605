export const SYSTEM_PRESENCES = [
  'Available',
  'On Queue',
  'Busy',
  'Away',
  'Idle',
  'Break',
  'Meal',
  'Meeting',
  'Training',
  'Offline',
] as const;

/** A system presence as REST spells it. */
export type SystemPresence = (typeof SYSTEM_PRESENCES)[number];

/** A presence definition of the organisation: an agent's choice, and the system presence behind it. */
export interface PresenceDefinition {
  id: string;
  label: string;
  systemPresence: SystemPresence;
  /** Whether every organisation has it. */
  builtIn: boolean;
}

/** The ids that every organisation shares. */
const BUILT_IN_IDS: Record<SystemPresence, string> = {
  Available: '6a3af858-942f-489d-9700-5f9bcdcdae9b',
  'On Queue': 'e08eaf1b-ee47-4fa9-a231-1200e284798f',
  Busy: '31fe3bac-dea6-44b7-bed7-47f91660a1a0',
  Away: '5e5c5c66-ea97-4e7f-ac41-6424784829f2',
  Idle: '7ffa01cd-7866-4ad7-8faa-31e11b42f51f',
  Break: '227b37e2-f1d0-4dd0-8f50-badd7cf6d158',
  Meal: '3fd96123-badb-4f69-bc03-1b1ccc6d8014',
  Meeting: 'bbdff279-7ae1-48ea-bade-7831d7234c64',
  Training: 'd2390a99-8546-bad9-8f0a-219548e8aeb0',
  Offline: 'ccf3c10a-aa2c-4845-8e8d-f59fa48c58e5',
};

export function builtInPresence(systemPresence: SystemPresence): PresenceDefinition {
  return { id: BUILT_IN_IDS[systemPresence], label: systemPresence, systemPresence, builtIn: true };
}

/** The same presence as events spell it: REST says `On Queue`, a notification says `ON_QUEUE`. */
export function eventSpelling(systemPresence: SystemPresence): string {
  return systemPresence.toUpperCase().replaceAll(' ', '_');
}
