import type { Clock } from '../kit/clock.ts';
import { type Agents, isOnQueue } from './agents.ts';
import type { Conversations, Send } from './conversations.ts';
import type { Customs } from './customs.ts';
import type { Agent, Interaction } from './model.ts';

/** The states of an agent's interaction, and the effect of each step on routing. */
export class Interactions {
  missed = 0;
  completed = 0;
  readonly #agents: Agents;
  readonly #conversations: Conversations;
  readonly #customs: Customs;
  readonly #clock: Clock;

  constructor(agents: Agents, conversations: Conversations, customs: Customs, clock: Clock) {
    this.#customs = customs;
    this.#agents = agents;
    this.#conversations = conversations;
    this.#clock = clock;
  }

  alert(send: Send, agent: Agent): Interaction {
    const interaction = this.#conversations.join(send, agent);
    agent.interactions.push(interaction);
    this.#agents.conversationChanged(interaction);
    this.#agents.summaryChanged(agent);
    const isAtOnce = this.#customs.interactingSince === 'alert' && interaction.delivery === 'acd';
    if (isAtOnce) this.#agents.setRoutingStatus(agent, 'INTERACTING');
    return interaction;
  }

  answer(interaction: Interaction): void {
    interaction.connectedMs = this.#enter(interaction, 'CONNECTED');
    this.#agents.conversationChanged(interaction);
    if (interaction.delivery === 'acd') this.#agents.setRoutingStatus(interaction.agent, 'INTERACTING');
    else this.#agents.settle(interaction.agent);
  }

  /**
   * The alert timed out: the call goes back to the flow, and the agent is NOT_RESPONDING. A missed non-ACD call leaves
   * their routing status alone.
   */
  miss(interaction: Interaction): void {
    const { agent } = interaction;
    this.missed++;
    interaction.endedMs = interaction.disconnectedMs = this.#enter(interaction, 'MISSED');
    this.#end(interaction);
    this.#conversations.giveBack(interaction.conversation);
    if (isOnQueue(agent) && interaction.delivery === 'acd') this.#agents.setRoutingStatus(agent, 'NOT_RESPONDING');
    else this.#agents.settle(agent);
  }

  /**
   * The call is over and after-call work begins; routing status stays INTERACTING. The end is notified twice, as on the
   * platform: first the communication, still `connected`, has an end, then the participant. Non-ACD calls have no
   * after-call work.
   */
  hangUp(interaction: Interaction): void {
    if (interaction.delivery === 'user') {
      interaction.endedMs = interaction.disconnectedMs = this.#clock.nowMs();
      this.#complete(interaction);
      return;
    }
    interaction.disconnectedMs = this.#enter(interaction, 'WRAP_UP');
    this.#agents.conversationChanged(interaction);
    interaction.endedMs = interaction.disconnectedMs;
    this.#agents.conversationChanged(interaction);
    this.#agents.summaryChanged(interaction.agent);
  }

  wrapUp(interaction: Interaction): void {
    interaction.wrappedUpMs = this.#clock.nowMs();
    this.#complete(interaction);
  }

  #complete(interaction: Interaction): void {
    this.completed++;
    this.#enter(interaction, 'COMPLETE');
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
