/*
 * Error replies of Redis and Valkey, for the region's store, the bus on Redis Streams, and for telling outages from errors.
 */

/** Replies "not now" and "not here": the command was not executed and may be sent again. */
const PASSING = ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'LOADING', 'READONLY', 'NOREPLICAS', 'BUSY'];

/** Permanent errors: sending the command again gives the same reply. */
const FINAL = /^(WRONGTYPE|NOAUTH|NOPERM|WRONGPASS|OOM|ERR|NOSCRIPT|EXECABORT|MISCONF|NOPROTO)$/;

/** Replies of a node that refuses commands: an outage, which the cluster's operators have to end. */
const REFUSALS = ['OOM', 'MISCONF', 'NOREPLICAS', 'READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'BUSY'];
/** Replies that concern Muster's user only: unknown, or without a required permission. */
const FORBIDDEN = ['NOAUTH', 'NOPERM', 'WRONGPASS'];

/** Redis 6.2 wraps the error reply of a command that a script called in one of its own. */
const AROUND_REPLY = /^ERR Error running script \(.*?\): @user_script:\d+: (?:@user_script: \d+: )?-?/;
const FORBIDDEN_INSIDE_SCRIPT = /^(ERR )?(The user executing the script can't|ACL failure in script)/;
/** Prefix by Redis 7.2 and later, and Valkey, of the reason for a denied command. */
const AHEAD_OF_REASON = /^ERR ACL failure in script: /;
/** Reply to `WAIT` by a node that has become a replica. */
const WAIT_AT_REPLICA = /^ERR WAIT cannot be used with replica/;

/** The node has reached its limit of clients. */
const NO_ROOM = /^ERR max number of clients/;
/** Error of the client library for an invalid argument: permanent. */
const NO_ARGUMENT = /^"arguments\[\d+\]" must be of type/;

/** The error reply to a command, without the wrapper of a script. */
function replyIn({ message }: Error): string {
  return message.replace(AROUND_REPLY, '');
}

/** The error code with which a reply begins, e.g. `OOM`; empty for none. */
function codeOf(error: Error): string {
  const message = replyIn(error);
  if (FORBIDDEN_INSIDE_SCRIPT.test(message)) return 'NOPERM';
  if (WAIT_AT_REPLICA.test(message)) return 'READONLY';
  return /^[A-Z]+(?= |$)/.exec(message)?.[0] ?? '';
}

/**
 * Whether the error is temporary, so that the command may be sent again. After a lost connection it is unknown whether the
 * command was executed; therefore all commands of Muster are idempotent.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || NO_ARGUMENT.test(error.message)) return false;
  if (NO_ROOM.test(error.message)) return true;
  const code = codeOf(error);
  return PASSING.includes(code) || !FINAL.test(code);
}

/**
 * Whether Redis refuses the command for now: a slot moves, a failover or a load is under way, or the node is full or
 * refuses.
 */
export function saysNotNow(error: Error): boolean {
  return PASSING.includes(codeOf(error)) || refusalOf(error) !== undefined || NO_ROOM.test(error.message);
}

export const isNoScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');

/** The refusal of a node or a permission; undefined for any other error. */
export function refusalOf(error: unknown): StoreRefusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  const forbidden = FORBIDDEN.includes(code);
  if (!forbidden && !REFUSALS.includes(code)) return undefined;
  const reply = replyIn(error).replace(AHEAD_OF_REASON, '');
  const at = Math.max(0, reply.indexOf(code));
  const [said = code] = reply.slice(at).split(/\. | script: [0-9a-f]{40}/, 1);
  return { code, said: said.replace(/\.$/, ''), lasts: FINAL.test(code), forbidden };
}

export interface StoreRefusal {
  /** The error code, e.g. `OOM`. */
  code: string;
  /** The first sentence of the reply. */
  said: string;
  /** Whether it lasts until an operator intervenes. */
  lasts: boolean;
  /** Whether it concerns Muster's user only. Other commands may be allowed. */
  forbidden: boolean;
}
