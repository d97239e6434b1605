/** More than a region grants on the word of platforms in an hour of isolation. */
const REMEMBERED = 20_000;

/** Which call was given which agent on the platform's word, because the agent's home could not be asked; the latest. */
export class VerifiedClaims {
  readonly #known = new Set<string>();

  add(agentId: string, callId: string): void {
    this.#known.add(`${agentId} ${callId}`);
    if (this.#known.size <= REMEMBERED) return;
    for (const oldest of this.#known) {
      this.#known.delete(oldest);
      return;
    }
  }

  has(agentId: string, callId: string): boolean {
    return this.#known.has(`${agentId} ${callId}`);
  }
}
