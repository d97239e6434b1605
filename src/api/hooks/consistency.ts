import type { FastifyReply, FastifyRequest } from 'fastify';
import { REQUEST_LIMITS } from '../../agent/limits.ts';
import { type Carried, type Read, readAfter } from '../../routing/consistency/consistency.ts';
import { InvalidToken, readToken, type Token } from '../../routing/consistency/token.ts';
import { ANSWERED_BY, ASKED_BY, CONSISTENCY } from '../../routing/peers/peers.ts';
import type { Region } from '../../routing/region.ts';
import { InvalidRequest } from '../problems/failures.ts';

/** Longest header `muster-consistency`, in characters. */
const LONGEST = REQUEST_LIMITS.tokens.most;

/** Answers a read with nothing older than the writes of its consistency tokens. @throws InvalidRequest, and as `readAfter` */
export async function answerAfterWrites<T>(
  region: Region,
  request: FastifyRequest,
  reply: FastifyReply,
  read: Read<T>,
): Promise<T> {
  const { answer, by } = await readAfter(region, readCarried(region, request), read);
  if (by) reply.header(ANSWERED_BY, by);
  return answer;
}

function readCarried({ config }: Region, { headers }: FastifyRequest): Carried {
  // Repeated headers are joined with commas.
  const text = String(headers[CONSISTENCY] ?? '');
  if (text.length > LONGEST) throw wrong(`must have at most ${LONGEST} characters`);
  const tokens = text
    .split(',')
    .flatMap((each) => (each.trim() ? [readFrom(each.trim(), Object.keys(config.regions))] : []));
  return { tokens, text, isAsked: headers[ASKED_BY] !== undefined };
}

function readFrom(text: string, regions: string[]): Token {
  try {
    const token = readToken(text);
    if (regions.includes(token.region)) return token;
  } catch (error) {
    if (!(error instanceof InvalidToken)) throw error;
  }
  throw wrong('is not a consistency token of a region of this config');
}

const wrong = (message: string): InvalidRequest => new InvalidRequest([{ field: CONSISTENCY, message }]);
