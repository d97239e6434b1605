/** Rights of callers. Issuers grant them by name. */
export const SCOPES = ['read:agent', 'write:agent:status', 'route:agent', 'admin:region'] as const;
export type Scope = (typeof SCOPES)[number];

/** Rights of a region in another: read agents, and claim and settle for its callers. */
export const SCOPES_OF_REGIONS: ReadonlySet<Scope> = new Set(['read:agent', 'route:agent']);

/**
 * Scopes in a token's claims; other names are ignored. Only the first present one counts of `scope` (RFC 8693: text, separated
 * by spaces), `scp` (text or a list) and `roles` (a list). Entra ID writes an application's own rights to `roles`; beside
 * `scp`, `roles` holds the rights of the *user*, which the application acting for the user was not granted.
 */
export function scopesIn({ scope, scp, roles }: Record<string, unknown>): ReadonlySet<Scope> {
  const granted = scope ?? scp ?? roles;
  const names: unknown[] = typeof granted === 'string' ? granted.split(' ') : Array.isArray(granted) ? granted : [];
  return new Set(SCOPES.filter((name) => names.includes(name)));
}
