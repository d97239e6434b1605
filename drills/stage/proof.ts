import type { Outcome } from '../../src/verify/verify.ts';
import type { Act } from './act.ts';
import { demand } from './demand.ts';
import type { Say } from './report.ts';
import { duration } from './words.ts';

/** Takes a step and keeps its evidence; the drill goes on if it fails. */
interface Checks {
  check(name: string, work: (say: Say) => unknown): Promise<void>;
}

interface ProofTerms {
  /** Whether double bookings are a fault; default: true. */
  doubleBookings?: 'none' | 'counted';
  /** How long the regions may take to agree with the platforms, in ms. */
  agreeWithinMs?: number;
}

const EXAMPLES = 2;
/**
 * Default, in ms. What a notification did not tell is found by a full read, which overrules reports that are older than a minute.
 */
const AGREE_WITHIN_MS = 90_000;

/** Judges an act: the end of every drill. Every part is judged, also after a failed one. */
export async function prove(stage: Checks, act: Act, terms: ProofTerms): Promise<void> {
  const { world } = act;
  await stage.check('Calls end, and every region agrees with every platform', async (say) => {
    const { converged, tookMs, differing, differences } = await world.settle(terms.agreeWithinMs ?? AGREE_WITHIN_MS);
    say(
      'agents compared',
      world.connections.reduce((total, { agents }) => total + agents, 0),
    );
    if (differing > 0) say('differences', differences.slice(0, EXAMPLES));
    demand(converged, `${differing} agents differ after ${duration(tookMs)}`);
    say('agreed after', duration(tookMs));
  });
  await stage.check('No agent was double-booked, as the platforms count', (say) => {
    const states = world.connections.map((connection) => connection.state());
    say(
      'calls sent to agents',
      states.reduce((total, { interactionsSent }) => total + interactionsSent, 0),
    );
    say('double bookings', act.doubleBookings);
    say('refused: away', act.refusedCalls);
    const examples = states.flatMap(({ doubleBookingList }) => doubleBookingList).slice(0, EXAMPLES);
    if (examples.length > 0)
      say(
        'e.g.',
        examples.map(({ at, userId, reason }) => `${userId} was ${reason} at ${at}`),
      );
    demand(
      terms.doubleBookings === 'counted' || act.doubleBookings === 0,
      'an agent got a call that they had no room for',
    );
  });
  await stage.check('The history keeps every promise', async (say) => {
    const { checks, ok, lines } = await world.verdict();
    say('lines', lines);
    for (const { name, outcome, judged, total, violations } of checks) {
      const examples = violations.slice(0, EXAMPLES).map(({ what, lines }) => `${what} (${lines.join(', ')})`);
      say(
        name,
        outcome === 'broken' ? [`broken ${total} times, ${judged} judged`, ...examples] : inWords(outcome, judged),
      );
    }
    const { surprises } = world.callers;
    if (surprises.length > 0) say('surprises', surprises);
    demand(ok, `broken: ${checks.flatMap(({ name, outcome }) => (outcome === 'broken' ? [name] : [])).join(', ')}`);
    demand(surprises.length === 0, 'a call got an answer that it should never get');
  });
}

function inWords(outcome: Outcome, judged: number): string {
  return outcome === 'kept' ? `kept, ${judged.toLocaleString('en')} judged` : outcome;
}
