import { AGENT_STATES, CONTACT_STATES, MEDIA_TYPES, type MediaTypeId } from './dictionaries.ts';
import type { Row } from './feed.ts';
import { iso } from './listing.ts';
import type { Agent, Contact } from './model.ts';
import type { Org } from './org.ts';
import type { Switches } from './switches.ts';

const CAMPAIGN = { campaignId: 55, campaignName: 'Default' };

/** A row of `/agents/states`. */
export function stateRow(row: Row, { businessUnitId }: Org, switches: Switches): object {
  const { employee } = row.agent;
  const { contact, code } = row;
  const reserved = switches.reservedCodes;
  const isLegacy = switches.fieldNames === 'legacy';
  const media: [number, string] = contact ? [contact.mediaTypeId, MEDIA_TYPES[contact.mediaTypeId]] : [0, ''];
  const isoOr = (ms: number | undefined) => (ms === undefined ? '' : iso(ms));
  return {
    agentId: employee.agentId,
    userName: employee.userName,
    firstName: employee.firstName,
    lastName: employee.lastName,
    agentStateId: row.stateId,
    agentStateName: AGENT_STATES[row.stateId],
    businessUnitId,
    contactId: contact?.contactId ?? 0,
    contactStartHandleTime: isoOr(contact?.agentStartedMs),
    isActive: row.isActive,
    [isLegacy ? 'isAcw' : 'isACW']: row.isAcw,
    isOutbound: false,
    lastUpdateTime: iso(row.lastUpdateMs),
    startDate: iso(row.startMs),
    ...(!isLegacy && { sessionStartTime: isoOr(row.sessionSinceMs) }),
    [isLegacy ? 'mediaType' : 'mediaTypeId']: media[0],
    [isLegacy ? 'mediaName' : 'mediaTypeName']: media[1],
    openContacts: row.openContacts,
    outStateId: code && (code.id > 0 || reserved === 'id') ? code.id : 0,
    outStateDescription: code && (code.id > 0 || reserved !== 'hidden') ? code.name : '',
    skillId: contact?.skill.skillId ?? 0,
    skillName: contact?.skill.skillName ?? '',
    stationId: employee.stationId,
    stationPhoneNumber: '5550100',
    teamId: employee.team.teamId,
    teamName: employee.team.teamName,
    fromAddress: contact?.fromAddress ?? '',
    toAddress: contact?.toAddress ?? '',
  };
}

/** A row of `/contacts/active`. */
export function contactRow(contact: Contact, switches: Switches): object {
  const { skill, agent, mediaTypeId } = contact;
  const isLegacy = switches.fieldNames === 'legacy';
  const { id, name, category } = CONTACT_STATES[contact.state];
  const holder = contact.state === 'QUEUED' ? undefined : agent;
  return {
    contactId: contact.contactId,
    masterContactId: contact.contactId,
    agentId: holder?.employee.agentId ?? 0,
    targetAgentId: contact.targetAgentId,
    teamId: holder?.employee.team.teamId ?? 0,
    teamName: holder?.employee.team.teamName ?? '',
    skillId: skill.skillId,
    skillName: skill.skillName,
    ...CAMPAIGN,
    stateId: id,
    [isLegacy ? 'state' : 'stateName']: name,
    contactStateCategory: category,
    [isLegacy ? 'mediaType' : 'mediaTypeId']: mediaTypeId,
    mediaTypeName: MEDIA_TYPES[mediaTypeId],
    [isLegacy ? 'contactStart' : 'contactStartDate']: iso(contact.startedMs),
    agentStartDate: contact.agentStartedMs === undefined ? '' : iso(contact.agentStartedMs),
    lastUpdateTime: iso(contact.sinceMs),
    isOutbound: false,
    isLogged: false,
    isTakeover: false,
    holdCount: contact.holdCount,
    highProficiency: 1,
    lowProficiency: 20,
    routingAttribute: '',
    [isLegacy ? 'fromAddr' : 'fromAddress']: contact.fromAddress,
    [isLegacy ? 'toAddr' : 'toAddress']: contact.toAddress,
  };
}

export function mediaFields(mediaTypeId: MediaTypeId): object {
  return { mediaTypeId, mediaTypeName: MEDIA_TYPES[mediaTypeId] };
}

export function campaign(): object {
  return CAMPAIGN;
}

export function nameOf({ employee }: Agent): string {
  return `${employee.firstName} ${employee.lastName}`;
}
