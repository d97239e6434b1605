import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { problemBody } from './send-problem.ts';

/** Answers what came over a connection and cannot be read as a request, and closes it: what follows is no request either. */
export function answerBroken({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  if (code === 'HPE_HEADER_OVERFLOW') write(socket, '431 Request Header Fields Too Large', headTooLarge());
  else write(socket, code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request', []);
}

function write(socket: Socket, status: string, rest: string[]): void {
  const lines = [
    `HTTP/1.1 ${status}`,
    'connection: close',
    ...(rest.length > 0 ? rest : ['content-length: 0', '', '']),
  ];
  socket.end(lines.join('\r\n'));
}

function headTooLarge(): string[] {
  const requestId = randomUUID();
  const detail = 'path, query and headers together are larger than 16 KiB';
  const body = JSON.stringify(problemBody('head_too_large', { detail }, requestId));
  const length = Buffer.byteLength(body);
  return [
    'content-type: application/problem+json',
    `content-length: ${length}`,
    `x-request-id: ${requestId}`,
    '',
    body,
  ];
}
