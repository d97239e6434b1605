import { type Dispatcher, request as http } from 'undici';
import { JSON_TYPE } from '../api/operations/operation.ts';
import type { Clock } from '../ops/clock.ts';

/** An operation as the client needs it. */
export interface Endpoint {
  method: 'GET' | 'POST' | 'DELETE';
  /** With parameters in braces. */
  path: string;
  /** Whether a repeated request has the same effect as one. */
  isRepeatable: boolean;
  /** Media types of successful answers, by status. */
  answers: Readonly<Record<number, string>>;
}

export interface ClientOptions {
  /** URL of an instance, or of a load balancer before several. */
  url: string;
  /** Called before each request, if Muster's config has `auth`. */
  token?: () => string | Promise<string>;
  /** Time limit for an answer, retries included, in ms. */
  deadlineMs?: number;
  /** Attempts for repeatable operations; 1: no retries. */
  attempts?: number;
  /** HTTP connections to use. */
  dispatcher?: Dispatcher;
  clock?: Clock;
}

/** A request of any operation. */
export interface Request {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  headers?: Record<string, string>;
  body?: unknown;
  deadlineMs?: number;
}

/** A response of any kind. */
export interface Received {
  status: number;
  body: unknown;
  headers: Record<string, string>;
  token: string | undefined;
}

/** Sends a request once. @throws Error if there is no answer in time */
export async function send(
  { method, path }: Endpoint,
  { params = {}, query = {}, headers = {}, body }: Request,
  { url, token, dispatcher }: ClientOptions,
  leftMs: number,
): Promise<Received> {
  const shown = await token?.();
  const answer = await http(`${url.replace(/\/$/, '')}${filled(path, params)}${search(query)}`, {
    method,
    headers: {
      ...(shown !== undefined && { authorization: `Bearer ${shown}` }),
      ...(body !== undefined && { 'content-type': JSON_TYPE }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(Math.max(1, Math.ceil(leftMs))),
    ...(dispatcher && { dispatcher }),
  });
  return read(answer);
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Received> {
  const text = await body.text();
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const isJson = /^application\/(problem\+)?json\b/.test(named['content-type'] ?? '');
  return {
    status: statusCode,
    body: isJson ? JSON.parse(text) : text,
    headers: named,
    token: named['muster-consistency'],
  };
}

const filled = (path: string, params: Record<string, string>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? ''));

function search(query: Record<string, unknown>): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
