import { GenericError, MultipleErrors, ProtocolError, UserError } from '@platformatic/kafka';

/** The library's message for a connection that the broker closed. */
export const CLOSED = 'Connection closed';

/** Codes of OpenSSL for a certificate that no trusted authority signed. */
const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** The reason of a Kafka client's error, for operators: that of the innermost cause, as outer errors say only which call failed. */
export function reasonOf(error: unknown): string {
  if (error instanceof MultipleErrors) return [...new Set(error.errors.map(reasonOf))].join('; ');
  if (error instanceof ProtocolError && error.apiId === 'SASL_AUTHENTICATION_FAILED') return refusal(error);
  if (!(error instanceof Error)) return String(error);
  // The messages of UserError are written for users.
  if (error instanceof UserError) return error.message;
  if (GenericError.isGenericError(error) && error.cause) return reasonOf(error.cause);
  return tlsReason(error) ?? error.message;
}

function refusal({ serverErrorMessage, message }: ProtocolError): string {
  const words = typeof serverErrorMessage === 'string' ? serverErrorMessage : message;
  return /^authentication failed/i.test(words) ? words : `authentication failed: ${words}`;
}

/** `reason` is readable; `message` of an OpenSSL error also holds its source file and line. */
function tlsReason({ code = '', reason, message }: Error & { code?: string; reason?: string }): string | undefined {
  if (UNTRUSTED.includes(code)) return `the brokers' certificate is not signed by a trusted authority (${message})`;
  return code.startsWith('ERR_SSL') && reason ? `TLS failed: ${reason}` : undefined;
}
