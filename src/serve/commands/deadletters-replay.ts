import type { Bus } from '../../bus/bus.ts';
import { partitionOf } from '../../bus/envelope.ts';
import { type KeptLetter, type LetterBox, nameOf, sendable } from '../../bus/letter-box.ts';

/** What became of a letter. */
export interface Replayed {
  id: string;
  /** `kept`: it could not be sent, and stays where it is. */
  outcome: 'removed' | 'marked' | 'kept';
  /** For people. */
  what: string;
}

/** A letter, and the ids of all copies of it, its own the first. */
interface Copies {
  letter: KeptLetter;
  ids: string[];
}

/**
 * Publishes the messages of letters again, each once though several regions kept it. A region that still can do nothing with
 * one puts it aside anew.
 * @param ids undefined: all
 * @throws BusUnavailable; what was sent before is settled
 */
export async function replay(box: LetterBox, bus: Bus, ids: string[] | undefined): Promise<Replayed[]> {
  const all = await copiesIn(box);
  const wanted = ids ? all.filter((each) => each.ids.some((id) => ids.includes(id))) : all;
  const found = new Set(wanted.flatMap((each) => each.ids));
  const told = (ids ?? [])
    .filter((id) => !found.has(id))
    .map((id): Replayed => ({ id, outcome: 'kept', what: 'there is no such dead letter, or none any more' }));
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
