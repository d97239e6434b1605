import { Life } from '../kit/life.ts';
import type { Timers } from '../kit/timers.ts';
import { type Agents, isOnQueue } from './agents.ts';
import { isFree } from './freedom.ts';
import type { Interactions } from './interactions.ts';
import { type Agent, type Interaction, isAcd } from './model.ts';
import type { Habits } from './options.ts';
import type { Org } from './org.ts';
import { builtInPresence, type PresenceDefinition } from './presences.ts';

/**
 * The working day of every agent, on timers.
 *
 * Agents choose a break or the end of their shift during after-call work, or during a talk that has none: the presence
 * changes while routing status is still INTERACTING, and routing status turns OFF_QUEUE when wrap-up ends. They never
 * leave while they are idle. A call could be on its way to them: a race that no router can win, and that the simulator
 * would count against the router. For the same reason agents who may be sent another interaction neither leave nor miss
 * an alert.
 */
export class GenesysLife extends Life<Agent> {
  readonly #agents: Agents;
  readonly #interactions: Interactions;
  readonly #habits: Habits;
  readonly #breaks: PresenceDefinition[];

  constructor(org: Org, agents: Agents, interactions: Interactions, habits: Habits, timers: Timers) {
    super(habits, timers);
    this.#agents = agents;
    this.#interactions = interactions;
    this.#habits = habits;
    this.#breaks = org.presences.filter(({ systemPresence }) => ['Break', 'Meal'].includes(systemPresence));
  }

  /** Plans the agent's answer to an interaction that alerts them. */
  attend(interaction: Interaction): void {
    const { random } = interaction.agent;
    const { answerFromMs, answerToMs, alertTimeoutMs, missesCall } = this.#habits;
    const answerMs = random.between(answerFromMs, answerToMs);
    if (random.chance(missesCall)) this.timers.after(alertTimeoutMs, () => this.#miss(interaction));
    else this.timers.after(answerMs, () => this.#answer(interaction));
  }

  #answer(interaction: Interaction): void {
    this.#interactions.answer(interaction);
    const talkMs = interaction.agent.random.around(this.#habits.talkMs);
    this.talks.begin(talkMs, () => this.#hangUp(interaction));
    // Without after-call work the agent chooses during the talk, while their routing status is IDLE again.
    if (!isAcd(interaction)) this.#chooseToLeave(interaction, talkMs);
  }

  #hangUp(interaction: Interaction): void {
    const { agent } = interaction;
    this.#interactions.hangUp(interaction);
    if (!isAcd(interaction)) return;
    const wrapUpMs = agent.random.around(this.#habits.wrapUpMs);
    this.timers.after(wrapUpMs, () => this.#interactions.wrapUp(interaction));
    this.#chooseToLeave(interaction, wrapUpMs);
  }

  #miss(interaction: Interaction): void {
    const { agent } = interaction;
    if (mayGetMore(agent)) {
      this.#answer(interaction);
      return;
    }
    this.#interactions.miss(interaction);
    if (!isAcd(interaction)) return;
    this.plans.make(agent, agent.random.around(this.#habits.notRespondingMs), () => this.#agents.respond(agent));
  }

  #chooseToLeave(interaction: Interaction, withinMs: number): void {
    const { agent } = interaction;
    const { takesBreak, endsShift, breakMs, shiftGapMs } = this.#habits;
    const choice = agent.random.next();
    const leavesInMs = withinMs * agent.random.between(0.1, 0.9);
    if (choice < takesBreak) {
      const pause = agent.random.pick(this.#breaks);
      this.plans.make(agent, leavesInMs, () => this.#leave(interaction, pause, breakMs, () => this.#goOnQueue(agent)));
    } else if (choice < takesBreak + endsShift) {
      const offline = builtInPresence('Offline');
      this.plans.make(agent, leavesInMs, () => this.#leave(interaction, offline, shiftGapMs, () => this.logIn(agent)));
    }
  }

  #leave(interaction: Interaction, presence: PresenceDefinition, meanMs: number, comeBack: () => void): void {
    const { agent } = interaction;
    // Life was paused when this fell due, and by now the agent is idle: too late.
    if (!agent.interactions.includes(interaction) || !isOnQueue(agent) || mayGetMore(agent)) return;
    this.#agents.setPresence(agent, presence);
    this.plans.make(agent, agent.random.around(meanMs), comeBack);
  }

  protected override logIn(agent: Agent): void {
    this.#agents.setPresence(agent, builtInPresence('Available'));
    this.plans.make(agent, agent.random.around(this.#habits.signInMs), () => this.#goOnQueue(agent));
  }

  #goOnQueue(agent: Agent): void {
    this.#agents.setPresence(agent, builtInPresence('On Queue'));
  }
}

/** Whether the agent may be sent an interaction before this one is over: now, or when another ends. */
function mayGetMore(agent: Agent): boolean {
  return agent.interactions.length > 1 || isFree(agent);
}
