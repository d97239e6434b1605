/** What a caller may be allowed to do. Issuers grant these by name. */
export const SCOPES = ['read:agent', 'write:agent:status', 'route:agent', 'admin:region'] as const;
export type Scope = (typeof SCOPES)[number];

/** What a region may do for its callers at another: ask for agents' state, and claim and settle at their home. */
export const SCOPES_OF_REGIONS: ReadonlySet<Scope> = new Set(['read:agent', 'route:agent']);

/**
 * The scopes that a token's claims grant; names that are not Muster's are left out. Of `scope` (RFC 8693: text, separated
 * by spaces), `scp` (text or a list) and `roles` (a list), the first one there counts alone. `roles` is where Entra ID
 * writes what an application may do by itself; beside `scp` it says what a *person* may do, which the application that
 * acts for the person was not given.
 */
export function scopesIn({ scope, scp, roles }: Record<string, unknown>): ReadonlySet<Scope> {
  const granted = scope ?? scp ?? roles;
  const names: unknown[] = typeof granted === 'string' ? granted.split(' ') : Array.isArray(granted) ? granted : [];
  return new Set(SCOPES.filter((name) => names.includes(name)));
}
