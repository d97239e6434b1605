import type { OperationId } from '../operations/operations.ts';
import type { Json } from './components.ts';

/** One request and the status of its answer. The answers are stored in `example-answers.json`, by `name`. */
export interface Example {
  operation: OperationId;
  /** Unique. */
  name: string;
  summary: string;
  params?: Record<string, string>;
  query?: Record<string, string | number | boolean>;
  headers?: Record<string, string>;
  /** Media type of the body; JSON if left out. */
  type?: string;
  body?: Json;
  status: number;
  /** The answer is different in every run; the stored one is of the same form. */
  ofTheMoment?: true;
}
