import type { WrongField } from '../agent/fields.ts';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { InvalidPush, type PushReading } from './platform.ts';
import { isPossibleTime, zonedMs } from './time.ts';

/** Largest number of records in one push. */
const MOST_RECORDS = REQUEST_LIMITS.events.most;
/** Largest number of wrong fields named in a refusal. */
const MOST_ERRORS = REQUEST_LIMITS.errors.most;

/**
 * Reads a body that is one record or a list of records: all or none.
 * @param readOne reads the record at a JSON pointer. @throws InvalidPush
 * @throws InvalidPush with the wrong fields of all records
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

/** Result for a record that is not about an agent. */
export const IGNORED: PushReading = { facts: [], hints: [], ignored: 1 };

/**
 * Shape of a value in a pushed body. Missing, null and additional fields are accepted, because platforms send all three. A
 * field that is read and has the wrong type is reported to the sender.
 */
export type Shape =
  | { is: 'text'; least: number; most: number }
  /** ISO 8601 with a zone, in the range of event times. */
  | { is: 'time' }
  | { is: 'flag' }
  /** A whole number, or letters, digits, dashes and underscores. */
  | { is: 'id'; most: number }
  | { is: 'list'; of: Shape; most: number }
  | { is: 'fields'; of: Record<string, Shape> };

export const text = (least: number, most: number): Shape => ({ is: 'text', least, most });
export const time: Shape = { is: 'time' };
export const flag: Shape = { is: 'flag' };
export const id = (most: number): Shape => ({ is: 'id', most });
export const list = (of: Shape, most: number): Shape => ({ is: 'list', of, most });
export const fields = (of: Record<string, Shape>): Shape => ({ is: 'fields', of });

/** Fields that do not fit. @param path JSON pointer to the value */
export function misfits(shape: Shape, value: unknown, path: string): WrongField[] {
  if (value === undefined || value === null) return [];
  const unless = (isFit: boolean, message: string): WrongField[] => (isFit ? [] : [{ field: path || '/', message }]);
  switch (shape.is) {
    case 'text': {
      const isFit = typeof value === 'string' && value.length >= shape.least && value.length <= shape.most;
      return unless(isFit, `must be a text of ${shape.least} to ${shape.most} characters`);
    }
    case 'time': {
      const isFit = isPossibleTime(zonedMs(value) ?? Number.NaN);
      return unless(isFit, 'must be an ISO 8601 time from 2000 to 2100 with its zone, e.g. 2026-03-02T15:01:40Z');
    }
    case 'flag':
      return unless(typeof value === 'boolean', 'must be true or false');
    case 'id':
      return unless(isId(value, shape.most), `must be a whole number, or 1 to ${shape.most} letters, digits or dashes`);
    case 'list':
      if (!Array.isArray(value) || value.length > shape.most)
        return unless(false, `must be a list of ${shape.most} entries at most`);
      return value.flatMap((entry, at) => misfits(shape.of, entry ?? false, `${path}/${at}`));
    case 'fields':
      if (!isObject(value)) return unless(false, 'must be an object');
      return Object.entries(shape.of).flatMap(([name, of]) => misfits(of, value[name], `${path}/${name}`));
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isId(value: unknown, most: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === 'string' && value.length <= most && /^[\w-]+$/.test(value);
}
