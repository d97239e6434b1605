/** An error answer. Its text is in the header `icStatusDescription`; the body is often empty. */
export class CxoneError extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, description: string, headers: Record<string, string> = {}) {
    super(description);
    this.status = status;
    this.headers = headers;
  }
}

export const unauthorized = () => new CxoneError(401, 'Unauthorized');

export const forbidden = () => new CxoneError(403, 'Forbidden');

export const methodNotAllowed = () => new CxoneError(405, 'Method Not Allowed');

export const unavailable = () => new CxoneError(503, 'Service Unavailable');

export const tooManyRequests = (retryAfterSeconds: number) =>
  new CxoneError(429, 'Too Many Requests', retryAfterSeconds > 0 ? { 'Retry-After': String(retryAfterSeconds) } : {});

/** The body of an error, in one of the forms that the platform is known to use. */
export function errorBody(error: CxoneError, how: 'empty' | 'html' | 'json'): string {
  if (how === 'html') return `<html><head><title>${error.status}</title></head><body>${error.message}</body></html>`;
  return how === 'json' ? JSON.stringify({ error: String(error.status), error_description: error.message }) : '';
}

/** Converts an error that the HTTP server raises before a route runs. */
export function fromServer(error: { statusCode?: number; message: string }): CxoneError {
  const status = error.statusCode ?? 500;
  return new CxoneError(status, status < 500 ? error.message : 'Internal Server Error');
}
