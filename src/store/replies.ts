/**
 * What a Redis says when it does not do what it was asked: the region's store, the embedded bus, and whoever must tell an
 * outage from a mistake read it.
 */

/** Replies that say "not now" or "not here": the command was not carried out and may be sent again. */
const PASSING = ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN', 'MASTERDOWN', 'LOADING', 'READONLY', 'NOREPLICAS', 'BUSY'];

/** Replies that stay as they are however often the command is sent. */
const FINAL = /^(WRONGTYPE|NOAUTH|NOPERM|WRONGPASS|OOM|ERR|NOSCRIPT|EXECABORT|MISCONF|NOPROTO)$/;

/** Replies by which a node refuses what it could do: an outage, for whoever runs the cluster to end. */
const REFUSALS = ['OOM', 'MISCONF', 'NOREPLICAS', 'READONLY', 'LOADING', 'MASTERDOWN', 'CLUSTERDOWN', 'BUSY'];
/** The same for Muster alone: its user may not do what it must, or is not known. */
const FORBIDDEN = ['NOAUTH', 'NOPERM', 'WRONGPASS'];

/** Redis 6.2 puts the reply of a command that a script called behind one of its own. */
const AROUND_REPLY = /^ERR Error running script \(.*?\): @user_script:\d+: (?:@user_script: \d+: )?-?/;
const FORBIDDEN_INSIDE_SCRIPT = /^(ERR )?(The user executing the script can't|ACL failure in script)/;
/** Redis 7.2 and later, and Valkey, say this first and then who may not do what. */
const AHEAD_OF_REASON = /^ERR ACL failure in script: /;
/** What a `WAIT` is told by a node that has become a replica since. */
const WAIT_AT_REPLICA = /^ERR WAIT cannot be used with replica/;

/** A node has as many clients as it takes. */
const NO_ROOM = /^ERR max number of clients/;
/** What the client says of an argument that is none: sending it again cannot help. */
const NO_ARGUMENT = /^"arguments\[\d+\]" must be of type/;

/** What a command was told, also where a script called it. */
function replyIn({ message }: Error): string {
  return message.replace(AROUND_REPLY, '');
}

/** The word by which an error reply of Redis begins. */
function codeOf(error: Error): string {
  const message = replyIn(error);
  if (FORBIDDEN_INSIDE_SCRIPT.test(message)) return 'NOPERM';
  if (WAIT_AT_REPLICA.test(message)) return 'READONLY';
  return /^[A-Z]+(?= |$)/.exec(message)?.[0] ?? '';
}

/**
 * Whether sending the command again can help. A lost connection leaves its outcome unknown, so every command of
 * Muster gives the same result when it is carried out twice.
 */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || NO_ARGUMENT.test(error.message)) return false;
  if (NO_ROOM.test(error.message)) return true;
  const code = codeOf(error);
  return PASSING.includes(code) || !FINAL.test(code);
}

/** Whether Redis said that it does not do this now: it is moving, failing over, loading, refusing, or has no room for more clients. */
export function saysNotNow(error: Error): boolean {
  return PASSING.includes(codeOf(error)) || refusalOf(error) !== undefined || NO_ROOM.test(error.message);
}

export const isNoScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');

/** Why a node does not do what it could, in its own words; undefined for any other error. */
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
  /** Such as `OOM`. */
  code: string;
  /** The first sentence of the reply. */
  said: string;
  /** It ends when somebody changes something, not by itself. */
  lasts: boolean;
  /** Muster's user may not do this, or is not known: something else may still be allowed. */
  forbidden: boolean;
}
