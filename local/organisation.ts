import type { GenesysSimulator } from './genesys/simulator.ts';
import type { Http } from './http.ts';

/** What the local world must know of a simulated organisation, as its own API tells it. */
export interface Organisation {
  /** Queue name to id. */
  queues: Map<string, string>;
  skills: string[];
  userIds: string[];
}

interface Page {
  entities: { id: string; name: string }[];
  pageCount: number;
}

const PAGE_SIZE = 100;

/** @throws Error if the simulator refuses */
export async function readOrganisation(simulator: GenesysSimulator, http: Http): Promise<Organisation> {
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
    queues: new Map(queues.map(({ id, name }) => [name, id])),
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
