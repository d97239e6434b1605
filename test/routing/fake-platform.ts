import type { Assignment, PlatformReader, PlatformReport } from '../../src/platforms/platform.ts';

/** A platform that knows what a test tells it, and is asked by a region. */
export class FakePlatform implements PlatformReader {
  readonly batch = 100;
  /** What it says of an agent that is asked about; unknown to it: nothing. */
  readonly reports = new Map<string, PlatformReport>();
  /** Its answers to requests to assign, in turn; the last one is given again and again. */
  answers: Assignment[] = [{ answer: 'accepted' }];
  /** Agents that it was asked about. */
  readonly asked: string[] = [];
  /** Agents that it was told to assign a call to. */
  readonly assigned: string[] = [];
  isAway = false;
  hasLoggedIn = false;
  isClosed = false;

  async prepare(): Promise<void> {
    this.hasLoggedIn = true;
    if (this.isAway) throw new Error('the platform is away');
  }

  async read(agentIds: string[]): Promise<PlatformReport[]> {
    this.asked.push(...agentIds);
    if (this.isAway) throw new Error('the platform is away');
    return agentIds.flatMap((id) => this.reports.get(id) ?? []);
  }

  async assign(agentId: string): Promise<Assignment> {
    this.assigned.push(agentId);
    const [answer = { answer: 'accepted' as const }] = this.answers;
    if (this.answers.length > 1) this.answers.shift();
    return answer;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
