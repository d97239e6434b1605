import { vi } from 'vitest';

/** Waits until the check holds, looking often, since some states of an agent are short. */
export function until(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 45_000, interval: 5 });
}
