import { isUtf8 } from 'node:buffer';

export const NOT_UTF8 = 'is not UTF-8';

/** The text that bytes hold; undefined where they are no UTF-8: `toString` would make another text of them. */
export const textOf = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : undefined;
