import type { Media } from '../../src/agent/facets.ts';
import type { RouteAnswer, SettleAnswer } from '../../src/contract/route.ts';
import { type Http, type HttpAnswer, withProblems } from '../tools/http.ts';

/**
 * How a call gets to its agent on Genesys Cloud: the flow transfers it to routing, with the agent as the preferred one; or
 * to the user, past routing; or it waits in a queue, and Muster has the platform assign it.
 */
export const WAYS = ['transfer-to-acd', 'transfer-to-user', 'assign'] as const;
export type Way = (typeof WAYS)[number];

/** A call or a written contact, and the region where it arrives. */
export interface Call {
  /** Also the interaction's id on the platform. */
  id: string;
  region: string;
  queue: string;
  media: Media;
  skills: string[];
  /** The way to its agent on Genesys Cloud. */
  way: Way;
}

export type Settlement = 'confirm' | 'release' | 'refused';

/** How a platform's script asks Muster at `url`. Methods throw Error without an answer in time. */
export interface Script {
  /** Whether it confirms that the agent has the call; otherwise the platform's events are enough. */
  confirms: boolean;
  /** The id of an interaction, in the platform's form. @param uuid a unique one */
  idOf(uuid: string): string;
  route(http: Http, url: string, call: Call): Promise<HttpAnswer & { body: RouteAnswer }>;
  settle(
    http: Http,
    url: string,
    claimId: string,
    settlement: Settlement,
  ): Promise<HttpAnswer & { body: SettleAnswer }>;
}

/** A Genesys Cloud Architect flow: its data actions post JSON (`integrations/genesys-cloud`). */
export const ARCHITECT_FLOW: Script = {
  confirms: false,
  idOf: (uuid) => uuid,
  route: (http, url, { id, queue, media, skills, way }) => {
    const asked = { queue, call_id: id, media, skills: skills.join(',') };
    const body = way === 'assign' ? { ...asked, deliver: way } : asked;
    return withProblems(http.muster(url).routeCall({ body })) as ReturnType<Script['route']>;
  },
  settle: (http, url, claimId, settlement) =>
    withProblems(http.muster(url).settleCall({ body: { claim_id: claimId, settlement } })) as ReturnType<
      Script['settle']
    >,
};

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** A NICE Studio script: its REST action asks with a query, under the header of a form (`integrations/nice-cxone`). */
export const STUDIO_SCRIPT: Script = {
  confirms: true,
  idOf: (uuid) => String(Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16)),
  route: (http, url, { id, queue, media, skills }) => {
    const query = new URLSearchParams({ queue, call_id: id, media, skills: skills.join(',') });
    return http.get(`${url}/v1/route?${query}`, FORM) as ReturnType<Script['route']>;
  },
  settle: (http, url, claimId, settlement) => {
    const query = new URLSearchParams({ claim_id: claimId, settlement });
    return http.get(`${url}/v1/route/settle?${query}`, FORM) as ReturnType<Script['settle']>;
  },
};
