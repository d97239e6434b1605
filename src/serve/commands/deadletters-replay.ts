import type { Bus } from '../../bus/bus.ts';
import { partitionOf } from '../../bus/envelope.ts';
import { type KeptLetter, type LetterBox, nameOf, sendable } from '../../bus/letter-box.ts';

/** The outcome of replaying one dead letter. */
export interface Replayed {
  id: string;
  /** `kept`: it could not be published, and stays unsettled. */
  outcome: 'removed' | 'marked' | 'kept';
  /** The outcome in words. */
  what: string;
}

/** A dead letter, and the ids of all copies of its message, its own first. */
interface Copies {
  letter: KeptLetter;
  ids: string[];
}

/**
 * Publishes the messages of dead letters again, each once even if several regions kept a copy. A region that fails again writes a
 * new dead letter.
 * @param ids undefined: all
 * @throws BusUnavailable; dead letters that were published before are settled
 */
export async function replay(box: LetterBox, bus: Bus, ids: string[] | undefined): Promise<Replayed[]> {
  const all = await copiesIn(box);
  const wanted = ids ? all.filter((each) => each.ids.some((id) => ids.includes(id))) : all;
  const found = new Set(wanted.flatMap((each) => each.ids));
  const told = (ids ?? [])
    .filter((id) => !found.has(id))
    .map((id): Replayed => ({ id, outcome: 'kept', what: 'there is no such dead letter; it may have been replayed' }));
  for (const copies of wanted) told.push(...(await sendAgain(box, bus, copies)));
  return told;
}

async function copiesIn(box: LetterBox): Promise<Copies[]> {
  const byName = new Map<string, Copies>();
  for await (const letter of box.all()) {
    const name = nameOf(letter);
    const known = byName.get(name);
    if (known) known.ids.push(letter.id);
    else byName.set(name, { letter, ids: [letter.id] });
  }
  return [...byName.values()];
}

async function sendAgain(box: LetterBox, bus: Bus, { letter, ids }: Copies): Promise<Replayed[]> {
  const message = sendable(letter);
  if (typeof message === 'string') return ids.map((id) => ({ id, outcome: 'kept', what: message }));
  const partition = partitionOf(message.key, bus.partitions);
  await bus.publish(partition, [message]);
  const outcome = await box.settle(ids);
  return ids.map((id) => {
    const what = id === letter.id ? `was published again, to partition ${partition}` : `is a copy of ${letter.id}`;
    return { id, outcome, what };
  });
}
