import type { WrongField } from '../agent/fields.ts';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { InvalidPush, type PushReading } from './platform.ts';

/** Records in one push. */
const MOST_RECORDS = REQUEST_LIMITS.events.most;
/** Fields that are named in a refusal; a body can have more wrong than anybody reads. */
const MOST_ERRORS = REQUEST_LIMITS.errors.most;

/**
 * Reads a body that is one record or a list of them: all of them, or none.
 * @param readOne reads the record at a JSON pointer. @throws InvalidPush
 * @throws InvalidPush naming the fields of all records that are wrong
 */
export function readRecords(body: unknown, readOne: (record: unknown, path: string) => PushReading): PushReading {
  const records: unknown[] = Array.isArray(body) ? body : [body];
  if (records.length === 0 || records.length > MOST_RECORDS)
    throw new InvalidPush([{ field: '/', message: `must hold 1 to ${MOST_RECORDS} events` }]);
  const reading: PushReading = { facts: [], hints: [], ignored: 0 };
  const errors: WrongField[] = [];
  for (const [at, record] of records.entries()) {
    try {
      const { facts, hints, ignored } = readOne(record, Array.isArray(body) ? `/${at}` : '');
      reading.facts.push(...facts);
      reading.hints.push(...hints);
      reading.ignored += ignored;
    } catch (error) {
      if (!(error instanceof InvalidPush)) throw error;
      errors.push(...error.errors.slice(0, MOST_ERRORS - errors.length));
    }
  }
  if (errors.length > 0) throw new InvalidPush(errors);
  return reading;
}

/** A record that says nothing about an agent. */
export const IGNORED: PushReading = { facts: [], hints: [], ignored: 1 };
