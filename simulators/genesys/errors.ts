/** An error answer, in the form of the Genesys Cloud API. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly messageParams: Record<string, string>;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { messageParams?: Record<string, string>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.messageParams = more.messageParams ?? {};
    this.headers = more.headers ?? {};
  }
}

export const badRequest = (message: string) => new ApiError(400, 'bad.request', message);

export const notFound = (what: string) => new ApiError(404, 'not.found', `${what} was not found.`);

export const unauthorized = (code: 'authentication.required' | 'bad.credentials') =>
  new ApiError(
    401,
    code,
    code === 'bad.credentials' ? 'Invalid login credentials.' : 'No authentication bearer token was found.',
  );

export const forbidden = (permission: string) =>
  new ApiError(
    403,
    'missing.any.permissions',
    `Unable to perform the requested action. You must have at least one of the following permissions assigned: [${permission}]`,
    { messageParams: { permissions: `[${permission}]` } },
  );

export const tooManyRequests = (retryAfterSeconds: number) =>
  new ApiError(
    429,
    'too.many.requests.retry.after',
    `Rate limit exceeded the maximum. Retry the request in [${retryAfterSeconds}] seconds`,
    { headers: { 'Retry-After': String(retryAfterSeconds) } },
  );

/** The ErrorBody of every API answer from 400 up; `contextId` is also its ININ-Correlation-Id. */
export function errorBody({ message, code, status, messageParams }: ApiError, contextId: string): object {
  return { message, code, status, messageParams, contextId, details: [], errors: [] };
}

/** Converts an error that the HTTP server raises before a route runs. */
export function fromServer(error: { statusCode?: number; message: string }): ApiError {
  const status = error.statusCode ?? 500;
  if (status === 413) return new ApiError(413, 'request.entity.too.large', 'The request body is too large.');
  if (status === 415) return new ApiError(415, 'unsupported.media.type', 'The media type is not supported.');
  if (status < 500) return badRequest(error.message);
  return new ApiError(500, 'internal.server.error', 'The server encountered an unexpected condition.');
}
