import type { Server } from 'node:http';
import { type Clock, systemClock } from '../kit/clock.ts';
import { Timers } from '../kit/timers.ts';
import type { Witness } from '../kit/witness.ts';
import { Agents, type AgentTopic } from './agents.ts';
import { Channels } from './channels.ts';
import { conversationBody } from './conversation-body.ts';
import { Conversations } from './conversations.ts';
import type { Customs } from './customs.ts';
import { Faults } from './faults.ts';
import { GroundTruth } from './ground-truth.ts';
import { Interactions } from './interactions.ts';
import { GenesysLife } from './life.ts';
import type { Agent, Interaction } from './model.ts';
import { type EventBodies, Notifications } from './notifications.ts';
import { HABITS, type Habits, type SimulatorOptions, TIMINGS } from './options.ts';
import { buildOrg, type Org } from './org.ts';
import { Sockets } from './socket.ts';
import { activityEvent, conversationSummary, presenceEvent, routingStatusEvent } from './state-body.ts';
import { Tokens } from './tokens.ts';

/** Everything the simulator consists of, apart from its HTTP routes. */
export interface World {
  timers: Timers;
  faults: Faults;
  org: Org;
  channels: Channels;
  sockets: Sockets;
  tokens: Tokens;
  agents: Agents;
  conversations: Conversations;
  notifications: Notifications;
  life: GenesysLife;
  groundTruth: GroundTruth;
  customs: Customs;
  witness: Witness;
}

/** Assembles the parts. Agents do not act yet. */
export function buildWorld(options: SimulatorOptions, server: Server, clock: Clock = systemClock): World {
  const { seed, witness } = options;
  const habits = { ...HABITS, ...options.habits };
  const timings = { ...TIMINGS, ...options.timings };
  const timers = new Timers();
  const faults = new Faults(options.faults, seed);
  const org = buildOrg(seed, options.agents, options.queues);

  const channels = new Channels(clock, timers, timings.channelLifeMs);
  const sockets = new Sockets(server, channels, faults, timings, timers);
  const tokens = new Tokens({ ...options, timings }, clock, timers, (token) => channels.endOfToken(token));
  const bodies = eventBodies(habits, clock.nowMs());
  const { utilization, customs } = options;
  const { carriesSeveral } = habits;
  const notifications = new Notifications(bodies, { channels, sockets, faults, timers }, timings, seed);

  const agents = new Agents(org, { seed, utilization, carriesSeveral, customs }, clock, (agent, topic, interaction) => {
    report(witness, agent, topic, interaction);
    notifications.publish(agent, topic, interaction);
  });
  const conversations = new Conversations(clock, timers);
  const interactions = new Interactions(agents, conversations, customs, clock);
  const life = new GenesysLife(org, agents, interactions, habits, timers);
  const groundTruth = new GroundTruth(agents, conversations, interactions, life, clock);
  const places = { timers, faults, org, channels, sockets, tokens };
  return { ...places, agents, conversations, notifications, life, groundTruth, customs, witness };
}

function report(witness: Witness, agent: Agent, topic: AgentTopic, interaction: Interaction | undefined): void {
  const userId = agent.user.id;
  if (topic === 'presence') {
    const { presence, presenceSinceMs } = agent;
    witness.changed({ userId, what: topic, value: presence.systemPresence, atMs: presenceSinceMs });
  }
  if (interaction && isOver(interaction)) witness.ended({ userId, conversationId: interaction.conversation.id });
  if (topic === 'routingStatus') {
    const { routingStatus, routingStatusSinceMs } = agent;
    witness.changed({ userId, what: topic, value: routingStatus, atMs: routingStatusSinceMs });
  }
}

/** Whether it has just ended for the agent. The end of a call is notified twice, and after-call work follows it. */
function isOver({ state, endedMs, delivery }: Interaction): boolean {
  return (
    state === 'MISSED' ||
    (state === 'COMPLETE' && delivery === 'user') ||
    (state === 'WRAP_UP' && endedMs === undefined)
  );
}

function eventBodies(habits: Habits, startedMs: number): EventBodies {
  // Wrap-up takes at most 1.8 times the mean, so the queue's time box never ends it.
  const terms = { alertTimeoutMs: habits.alertTimeoutMs, wrapUpTimeoutMs: 2 * habits.wrapUpMs };
  return {
    presence: presenceEvent,
    routingStatus: routingStatusEvent,
    activity: (agent) => activityEvent(agent, startedMs),
    conversationsummary: conversationSummary,
    conversations: (_agent, interaction) => interaction && conversationBody(interaction.conversation, terms),
  };
}
