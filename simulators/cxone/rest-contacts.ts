import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import { contactRow } from './bodies.ts';
import { CONTACT_STATES } from './dictionaries.ts';
import { iso, listAnswer } from './listing.ts';
import type { Contact } from './model.ts';
import { isSince, Parameters } from './query.ts';
import type { Switches } from './switches.ts';
import type { World } from './world.ts';

const REAL_TIME = { config: { scope: 'RealTimeDataAPI' } } as const;

/** The values that the whole-number filters of `/contacts/active` compare. */
const FILTERS: Record<string, (contact: Contact) => number> = {
  mediaTypeId: ({ mediaTypeId }) => mediaTypeId,
  skillId: ({ skill }) => skill.skillId,
  agentId: ({ agent }) => agent?.employee.agentId ?? 0,
  teamId: ({ agent }) => agent?.employee.team.teamId ?? 0,
  stateId: ({ state }) => CONTACT_STATES[state].id,
  contactId: ({ contactId }) => contactId,
  campaignId: () => 55,
};

/** `/contacts/active`: contacts that are offered, handled or queued. `/contacts/states`: ended ones, too. */
export function contactRoutes(api: FastifyInstance, world: World): void {
  const { org, contacts, switches } = world;
  const root = { businessUnitId: org.businessUnitId };

  api.get<{ Querystring: Query }>('/contacts/active', REAL_TIME, async (request, reply) => {
    const parameters = new Parameters(request.query);
    const active = contacts.live.filter(({ state }) => state !== 'WRAP_UP');
    const found = chosen(active, parameters, switches, 'Invalid updatedSince');
    if (found.length === 0) {
      return reply.code(204).header('icStatusDescription', 'No Contacts for the specified period').send();
    }
    const body = (contact: Contact) => contactRow(contact, switches);
    return listAnswer(request, switches, { key: 'activeContacts', found, body, root, hasNone: true });
  });

  api.get<{ Querystring: Query }>('/contacts/states', REAL_TIME, async (request) => {
    const parameters = new Parameters(request.query);
    const all = [...contacts.live, ...contacts.ended];
    const found = chosen(all, parameters, switches, 'Invalid updatedSince');
    return listAnswer(request, switches, { key: 'contactStates', found, body: shortRow, root });
  });
}

function chosen(from: Contact[], parameters: Parameters, switches: Switches, text: string): Contact[] {
  const sinceMs = parameters.time('updatedSince', text);
  const wanted = Object.entries(FILTERS).flatMap(([name, read]) => {
    const value = parameters.int(name);
    return value === undefined ? [] : [{ value, read }];
  });
  return from.filter(
    (contact) =>
      isSince(contact.sinceMs, sinceMs, switches.updatedSince) &&
      wanted.every(({ value, read }) => read(contact) === value),
  );
}

function shortRow({ contactId, agent, skill, state, mediaTypeId, startedMs, sinceMs }: Contact): object {
  return {
    contactId,
    masterContactId: contactId,
    agentId: agent?.employee.agentId ?? 0,
    contactStateId: CONTACT_STATES[state].id,
    contactStateName: CONTACT_STATES[state].name,
    skillId: skill.skillId,
    mediaTypeId,
    startDate: iso(startedMs),
    lastUpdateTime: iso(sinceMs),
  };
}
