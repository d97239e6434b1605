import { GenericError, MultipleErrors, ProtocolError, UserError } from '@platformatic/kafka';

/** What the library says of a connection that the other end closed. */
export const CLOSED = 'Connection closed';

const LEADS_NOWHERE = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** The innermost errors say what happened, the outer ones only what it stopped. */
export function reasonOf(error: unknown): string {
  if (error instanceof MultipleErrors) return [...new Set(error.errors.map(reasonOf))].join('; ');
  if (error instanceof ProtocolError && error.apiId === 'SASL_AUTHENTICATION_FAILED') return refusal(error);
  if (!(error instanceof Error)) return String(error);
  // These are the library's words for people.
  if (error instanceof UserError) return error.message;
  if (GenericError.isGenericError(error) && error.cause) return reasonOf(error.cause);
  return tlsReason(error) ?? error.message;
}

function refusal({ serverErrorMessage, message }: ProtocolError): string {
  const words = typeof serverErrorMessage === 'string' ? serverErrorMessage : message;
  return /^authentication failed/i.test(words) ? words : `authentication failed: ${words}`;
}

/** OpenSSL's messages are a line of its own source. */
function tlsReason({ code = '', reason, message }: Error & { code?: string; reason?: string }): string | undefined {
  if (LEADS_NOWHERE.includes(code))
    return `no authority that is trusted here signed the certificate of the brokers (${message})`;
  return code.startsWith('ERR_SSL') && reason ? `TLS failed: ${reason}` : undefined;
}
