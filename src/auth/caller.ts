import type { Scope } from './scopes.ts';

/** Whoever sent a request. */
export type Caller =
  /** Somebody to whom an issuer has given a token. */
  | {
      kind: 'client';
      /** The claim `iss`. */
      issuer: string;
      /** The claim `sub`: a person, or the application itself. */
      subject?: string;
      /** The application that got the token, where the issuer says which. */
      client?: string;
      scopes: ReadonlySet<Scope>;
    }
  /** Another region, by its own key. */
  | { kind: 'region'; region: string; scopes: ReadonlySet<Scope> }
  /** Anybody on this machine: the instance has no `auth`, and listens on loopback only. */
  | { kind: 'anybody' };

export const ANYBODY: Caller = { kind: 'anybody' };

/** Whether the caller may do what needs this scope. */
export function may(caller: Caller, scope: Scope): boolean {
  return caller.kind === 'anybody' || caller.scopes.has(scope);
}
