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
  /** The answer differs in every run; only its form is compared with the stored one. */
  ofTheMoment?: true;
}
