import { COMMUNICATIONS, type Conversation, type Interaction, isAcd } from './model.ts';
import { UNVERIFIED } from './unverified.ts';

/** Values that are the same in every conversation of this organisation. */
interface Terms {
  alertTimeoutMs: number;
  wrapUpTimeoutMs: number;
}

/**
 * The body of `v2.users.{id}.conversations`: always the whole conversation, with every participant it ever had. Null
 * fields are left out.
 */
export function conversationBody(conversation: Conversation, terms: Terms): object {
  return {
    id: conversation.id,
    participants: [
      customer(conversation),
      acd(conversation),
      ...conversation.interactions.map((interaction) =>
        isAcd(interaction) ? agentParticipant(interaction, terms) : userParticipant(interaction, terms),
      ),
    ],
    recordingState: 'none',
  };
}

function customer({ customer, mediaType, queueId, startedMs }: Conversation): object {
  const connectedTime = iso(startedMs);
  return {
    id: customer.participantId,
    connectedTime,
    name: 'Caller',
    queueId,
    purpose: 'customer',
    wrapupRequired: false,
    wrapupExpected: false,
    attributes: {},
    [COMMUNICATIONS[mediaType]]: [
      {
        state: 'connected',
        initialState: 'connected',
        id: customer.communicationId,
        held: false,
        muted: false,
        direction: 'inbound',
        provider: 'Edge',
        connectedTime,
        afterCallWorkRequired: false,
      },
    ],
  };
}

/** The queue's own leg: it ends when an agent answers. */
function acd({ acd, mediaType, queueId, startedMs, interactions }: Conversation): object {
  const answeredMs = interactions.find(({ connectedMs }) => connectedMs !== undefined)?.connectedMs;
  const connectedTime = iso(startedMs);
  const endTime = iso(answeredMs);
  return {
    id: acd.participantId,
    connectedTime,
    endTime,
    queueId,
    purpose: 'acd',
    wrapupRequired: false,
    conversationRoutingData: { queue: queueId ? { id: queueId } : {}, language: {}, priority: 0 },
    [COMMUNICATIONS[mediaType]]: [
      endTime
        ? {
            state: 'disconnected',
            id: acd.communicationId,
            connectedTime,
            disconnectType: 'transfer',
            disconnectedTime: endTime,
          }
        : { state: 'connected', id: acd.communicationId, connectedTime },
    ],
  };
}

/** A user to whom the conversation was transferred directly: no queue, no after-call work. */
function userParticipant(interaction: Interaction, { alertTimeoutMs }: Terms): object {
  const { agent, conversation, connectedMs, endedMs } = interaction;
  return {
    id: interaction.participantId,
    name: agent.user.name,
    connectedTime: iso(connectedMs),
    endTime: iso(endedMs),
    userId: agent.user.id,
    purpose: 'user',
    wrapupRequired: false,
    wrapupExpected: false,
    alertingTimeoutMs: alertTimeoutMs,
    attributes: {},
    [COMMUNICATIONS[conversation.mediaType]]: [agentCommunication(interaction, undefined)],
  };
}

function agentParticipant(interaction: Interaction, { alertTimeoutMs, wrapUpTimeoutMs }: Terms): object {
  const { agent, conversation, connectedMs, endedMs, wrappedUpMs } = interaction;
  const workStartedMs = connectedMs === undefined ? undefined : interaction.disconnectedMs;
  const complete = interaction.state === 'COMPLETE';
  return {
    id: interaction.participantId,
    name: agent.user.name,
    connectedTime: iso(connectedMs),
    endTime: iso(endedMs),
    userId: agent.user.id,
    queueId: conversation.queueId,
    purpose: 'agent',
    wrapupRequired: connectedMs !== undefined && !complete,
    wrapupExpected: true,
    wrapupPrompt: UNVERIFIED.wrapUpPrompt,
    wrapupTimeoutMs: wrapUpTimeoutMs,
    alertingTimeoutMs: alertTimeoutMs,
    startAcwTime: iso(workStartedMs),
    endAcwTime: iso(wrappedUpMs),
    wrapup: wrapUpOf(workStartedMs, wrappedUpMs),
    conversationRoutingData: { queue: {}, language: {}, priority: 0 },
    attributes: {},
    [COMMUNICATIONS[conversation.mediaType]]: [agentCommunication(interaction, workStartedMs)],
  };
}

function agentCommunication(interaction: Interaction, workStartedMs: number | undefined): object {
  const { connectedMs, disconnectedMs, wrappedUpMs } = interaction;
  return {
    state: communicationState(interaction),
    initialState: 'alerting',
    id: interaction.communicationId,
    held: false,
    muted: false,
    direction: 'inbound',
    peerId: interaction.conversation.customer.communicationId,
    provider: 'Edge',
    connectedTime: iso(connectedMs),
    disconnectedTime: iso(disconnectedMs),
    disconnectType: disconnectedMs === undefined ? undefined : connectedMs === undefined ? 'system' : 'peer',
    afterCallWork:
      workStartedMs === undefined
        ? undefined
        : {
            state: wrappedUpMs === undefined ? 'pending' : 'complete',
            startTime: iso(workStartedMs),
            endTime: iso(wrappedUpMs),
          },
    afterCallWorkRequired: false,
  };
}

function communicationState({ state, endedMs }: Interaction): string {
  if (state === 'ALERTING') return 'alerting';
  if (state === 'COMPLETE') return 'terminated';
  return endedMs === undefined ? 'connected' : 'disconnected';
}

function wrapUpOf(startedMs: number | undefined, endedMs: number | undefined): object | undefined {
  if (startedMs === undefined || endedMs === undefined) return undefined;
  const durationSeconds = Math.floor((endedMs - startedMs) / 1000);
  return { code: DEFAULT_WRAP_UP_CODE, notes: '', tags: [], durationSeconds, endTime: iso(endedMs) };
}

/** The id of the wrap-up code that every organisation has. */
const DEFAULT_WRAP_UP_CODE = '7fb334b0-0e9e-11e4-9191-0800200c9a66';

function iso(ms: number): string;
function iso(ms: number | undefined): string | undefined;
function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
