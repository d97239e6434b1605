import { isUtf8 } from 'node:buffer';

export const NOT_UTF8 = 'is not UTF-8';

/** Decodes UTF-8; undefined for invalid bytes, which `toString` would replace without an error. */
export const textOf = (bytes: Uint8Array): string | undefined =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString() : undefined;
