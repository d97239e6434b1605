import { Type } from 'typebox';
import { Value } from 'typebox/value';

/** The platform, or the way to it, failed a request. The message is for people; the status is 0 where none came. */
export class RequestFailed extends Error {
  override name = 'RequestFailed';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const Text = Type.Optional(Type.String());
const ApiError = Type.Object({ message: Type.String(), code: Text, contextId: Text });
const LoginError = Type.Object({ error: Type.String(), description: Text });

/**
 * What went wrong, in one line. The API says `message`, `code` and `contextId` (for the vendor's support); the login
 * host says `error` and `description`.
 */
export function failureOf(status: number, what: string, text: string): RequestFailed {
  return new RequestFailed(status, `${what} was refused with ${status}: ${reasonOf(text)}`);
}

function reasonOf(text: string): string {
  const body = parse(text);
  if (Value.Check(ApiError, body)) {
    const details = [body.code, body.contextId && `context ${body.contextId}`].filter(Boolean).join(', ');
    return details ? `${body.message} (${details})` : body.message;
  }
  if (Value.Check(LoginError, body)) return body.description ? `${body.error}: ${body.description}` : body.error;
  return text.slice(0, 200) || 'no reason given';
}

/** The JSON in a text, or undefined where there is none. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The words of a network error; one that gathers several attempts has only a code. */
export function causeOf(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}
