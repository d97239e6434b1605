import type { Clock } from '../../src/ops/clock.ts';
import { type Agent, type Agents, isOnQueue } from './agents.ts';
import type { Conversations, Interaction, MediaType } from './conversations.ts';
import { UNVERIFIED } from './unverified.ts';

/** How an agent's interaction goes from state to state, and what the ACD makes of each step. */
export class Interactions {
  missed = 0;
  completed = 0;
  readonly #agents: Agents;
  readonly #conversations: Conversations;
  readonly #clock: Clock;

  constructor(agents: Agents, conversations: Conversations, clock: Clock) {
    this.#agents = agents;
    this.#conversations = conversations;
    this.#clock = clock;
  }

  alert(conversationId: string, agent: Agent, mediaType: MediaType, queueId: string | undefined): Interaction {
    const interaction = this.#conversations.join(conversationId, agent, mediaType, queueId);
    agent.interactions.push(interaction);
    this.#agents.conversationChanged(interaction);
    this.#agents.summaryChanged(agent);
    if (UNVERIFIED.interactingSince === 'alert') this.#agents.setRoutingStatus(agent, 'INTERACTING');
    return interaction;
  }

  answer(interaction: Interaction): void {
    interaction.connectedMs = this.#enter(interaction, 'CONNECTED');
    this.#agents.conversationChanged(interaction);
    this.#agents.setRoutingStatus(interaction.agent, 'INTERACTING');
  }

  /** The alert ran out: the call goes back to the flow, the agent gets nothing more until they say they are there. */
  miss(interaction: Interaction): void {
    const { agent } = interaction;
    this.missed++;
    interaction.endedMs = interaction.disconnectedMs = this.#enter(interaction, 'MISSED');
    this.#end(interaction);
    this.#conversations.giveBack(interaction.conversation);
    if (isOnQueue(agent)) this.#agents.setRoutingStatus(agent, 'NOT_RESPONDING');
    else this.#agents.settle(agent);
  }

  /**
   * The call is over and after-call work begins; routing status stays INTERACTING. The end is told twice, as the
   * platform does: first the communication, still `connected`, has its end, then the participant.
   */
  hangUp(interaction: Interaction): void {
    interaction.disconnectedMs = this.#enter(interaction, 'WRAP_UP');
    this.#agents.conversationChanged(interaction);
    interaction.endedMs = interaction.disconnectedMs;
    this.#agents.conversationChanged(interaction);
    this.#agents.summaryChanged(interaction.agent);
  }

  wrapUp(interaction: Interaction): void {
    this.completed++;
    interaction.wrappedUpMs = this.#enter(interaction, 'COMPLETE');
    this.#end(interaction);
    this.#conversations.end(interaction.conversation);
    this.#agents.settle(interaction.agent);
  }

  #end(interaction: Interaction): void {
    const { agent } = interaction;
    this.#agents.conversationChanged(interaction);
    agent.interactions.splice(agent.interactions.indexOf(interaction), 1);
    this.#agents.summaryChanged(agent);
  }

  #enter(interaction: Interaction, state: Interaction['state']): number {
    interaction.state = state;
    interaction.sinceMs = this.#clock.nowMs();
    return interaction.sinceMs;
  }
}
