/** Names of the simulated organisation, beside those that all simulators share. */
export const SKILL_NAMES = ['English', 'Spanish', 'French', 'German', 'Billing', 'Technical', 'Sales', 'Loans', 'VIP'];

/** Languages. None of them is also the name of a skill. */
export const LANGUAGE_NAMES = ['Dutch', 'Italian', 'Polish', 'Portuguese', 'Turkish'];

/** Presences the organisation has added, each with the system presence behind it. */
export const CUSTOM_PRESENCES = [
  { label: 'Coffee', systemPresence: 'Break' },
  { label: 'Coaching', systemPresence: 'Training' },
] as const;
