import type { OperationId } from '../operations/operations.ts';
import type { Json } from './components.ts';

/** One request and what it is answered with. The answers are kept in `example-answers.json`, by `name`. */
export interface Example {
  operation: OperationId;
  /** Unlike any other. */
  name: string;
  summary: string;
  params?: Record<string, string>;
  query?: Record<string, string | number | boolean>;
  headers?: Record<string, string>;
  /** JSON unless it says. */
  type?: string;
  body?: Json;
  status: number;
  /** Its answer depends on the moment: the one that is kept is of the same kind, and not the same. */
  ofTheMoment?: true;
}
