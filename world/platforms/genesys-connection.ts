import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { NO_WITNESS } from '@muster/simulators/kit/witness';
import type { Http } from '../tools/http.ts';
import { LocalConnection, type Sent, type SentAnswer, type WaitingRoom } from './connection.ts';
import { type Organisation, virtualName } from './organisation.ts';
import { ARCHITECT_FLOW, type Way } from './scripts.ts';
import { type Truth, truthOfGenesys } from './truth.ts';

/** Rate limit of the simulators, high enough to read at full speed. Limits are tested with the simulators. */
const SIMULATED_LIMIT = 100_000;
/**
 * Requests per minute of a region to an organisation. The simulators would take more, but the checker of histories allows
 * 300 per token, and a request can arrive in the minute after it was sent.
 */
const REQUESTS_PER_MINUTE = 280;
const PAGE_SIZE = 100;

/** A simulated Genesys Cloud organisation. */
export class GenesysConnection extends LocalConnection<GenesysSimulator> implements WaitingRoom {
  readonly platform = 'Genesys Cloud';
  readonly script = ARCHITECT_FLOW;

  protected async simulate(): Promise<GenesysSimulator> {
    const { agents, seed, habits, customs, witness = NO_WITNESS } = this.options;
    return startGenesysSimulator({
      agents,
      seed,
      habits,
      customs,
      requestsPerMinute: SIMULATED_LIMIT,
      witness,
    });
  }

  protected read(simulator: GenesysSimulator, http: Http): Promise<Organisation> {
    return readOrganisation(simulator, http);
  }

  settings(url: string): object {
    const { credentials } = this.simulator;
    const { utilization } = this.options;
    const way = { loginUrl: url, apiUrl: url, requestsPerMinute: REQUESTS_PER_MINUTE, utilization };
    return { platform: 'genesys', home: this.home, ...way, ...credentials };
  }

  send({ conversationId, userId, way }: Sent): SentAnswer {
    const delivery = way === 'transfer-to-user' ? 'user' : 'acd';
    return this.simulator.send({ conversationId, userId, delivery });
  }

  override entrance(ways: readonly Way[]) {
    return { script: this.script, ways, room: this };
  }

  enter(callId: string, queue: string): string {
    const { id } = this.organisation.queues.find(({ name }) => virtualName(name) === queue) ?? {};
    if (id === undefined) throw new Error(`${this.name} has no queue for ${queue}`);
    this.simulator.wait(callId, 'call', id);
    return this.agentId(id);
  }

  isWaiting(callId: string): boolean {
    return this.simulator.isWaiting(callId);
  }

  truth(userId: string): Truth {
    return truthOfGenesys(this.simulator.user(userId));
  }
}

interface Page {
  entities: { id: string; name: string }[];
  pageCount: number;
}

/** @throws Error if the simulator refuses */
async function readOrganisation(simulator: GenesysSimulator, http: Http): Promise<Organisation> {
  const headers = { authorization: `Bearer ${await logIn(simulator)}` };
  const readAll = async (path: string): Promise<Page['entities']> => {
    const entities: Page['entities'] = [];
    for (let number = 1, pages = 1; number <= pages; number++) {
      const url = `${simulator.url}/api/v2/${path}?pageSize=${PAGE_SIZE}&pageNumber=${number}`;
      const page = await http.read<Page>(url, headers);
      entities.push(...page.entities);
      pages = page.pageCount;
    }
    return entities;
  };
  const [queues, skills, users] = await Promise.all([
    readAll('routing/queues'),
    readAll('routing/skills'),
    readAll('users'),
  ]);
  return {
    queues: queues.map(({ id, name }) => ({ id, name, media: 'voice' })),
    skills: skills.map(({ name }) => name),
    userIds: users.map(({ id }) => id),
  };
}

async function logIn({ url, credentials: { clientId, clientSecret } }: GenesysSimulator): Promise<string> {
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token) throw new Error(`the simulator at ${url} gave no token`);
  return access_token;
}
