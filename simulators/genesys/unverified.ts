/**
 * Details that the public documentation of Genesys Cloud leaves open. Each value is a plausible choice, the harder one for
 * a client where two are plausible. A real organisation may differ, so a client must not depend on any of them.
 *
 * Choices that affect which agents are free are in `customs.ts`. Some are in the code that they concern: a channel ends
 * with its token (`Channels.endOfToken`), its topics outlive a lost socket, an unknown user is OFF_QUEUE
 * (`rest-users.ts`), an alerting conversation counts as active in the conversation summary (`state-body.ts`), and the end
 * of a call is notified twice (`Interactions.hangUp`).
 */
export const UNVERIFIED = {
  /** How `token_type` is spelled. */
  tokenType: 'bearer',
  /** HTTP status of a login with a known client and a wrong secret. */
  wrongSecretStatus: 401,
  /** The largest `pageSize` of listings that document none. */
  maxPageSize: 500,
  /** The most ids that `GET /api/v2/users?id=` takes. */
  maxUserIds: 100,
  /** How the `state` of a user's skill is spelled. */
  skillState: 'ACTIVE',
  /** `wrapupPrompt` of a queue with time-boxed after-call work, as events spell it. */
  wrapUpPrompt: 'mandatoryTimeout',
  /** Close code of a socket that a second one on the same channel replaces. */
  replacedCloseCode: 1000,
  /** Close code of a socket whose channel has ended: expired, evicted, or its token gone. */
  channelEndedCloseCode: 1001,
} as const;
