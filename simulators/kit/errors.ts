/** Something that a caller names and that does not exist. The message is for people. */
export class NotFound extends Error {}

/** A setting that does not exist or has an impossible value. The message is for people. */
export class InvalidSetting extends Error {}
