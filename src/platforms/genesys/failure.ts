import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { cut } from '../../agent/text.ts';
import { parse, RequestFailed } from '../failure.ts';

const Text = Type.Optional(Type.String());
const ApiError = Type.Object({ message: Type.String(), code: Text, contextId: Text });
const LoginError = Type.Object({ error: Type.String(), description: Text });

/**
 * Error with a message of one line. The API returns `message`, `code` and `contextId` (for the vendor's support); the login
 * host returns `error` and `description`.
 * @param permission documented permission of the request; added if the platform's message does not name it
 */
export function failureOf(status: number, what: string, text: string, permission?: string): RequestFailed {
  const reason = reasonOf(text);
  const needs = status === 403 && permission && !reason.includes(permission) ? `; it needs ${permission}` : '';
  return new RequestFailed(status, `${what} was refused with ${status}: ${reason}${needs}`);
}

function reasonOf(text: string): string {
  const body = parse(text);
  if (Value.Check(ApiError, body)) {
    const details = [body.code, body.contextId && `context ${body.contextId}`].filter(Boolean).join(', ');
    return details ? `${body.message} (${details})` : body.message;
  }
  if (Value.Check(LoginError, body)) return body.description ? `${body.error}: ${body.description}` : body.error;
  return cut(text, 200) || 'no reason given';
}
