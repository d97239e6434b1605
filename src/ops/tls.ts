import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

interface TlsFiles {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** PEM texts: whom to trust, and who to be. */
export interface TlsTexts {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Reads what a section of the configuration names.
 * @param path of the section, e.g. `bus.tls`
 * @throws Error for a file that cannot be used
 */
export function readTls(path: string, { caFile, certFile, keyFile }: TlsFiles): TlsTexts {
  const read = (key: string, file: string): string =>
    attempt(`${path}.${key}: ${file} cannot be read`, () => readFileSync(file, 'utf8'));
  const tls = {
    ...(caFile && { ca: read('caFile', caFile) }),
    ...(certFile && { cert: read('certFile', certFile) }),
    ...(keyFile && { key: read('keyFile', keyFile) }),
  };
  // TLS passes over what is no certificate, and then trusts nobody.
  if (tls.ca) attempt(`${path}.caFile: ${caFile} holds no certificate`, () => new X509Certificate(tls.ca ?? ''));
  attempt(`${path}: the certificate and the key cannot be used`, () => createSecureContext(tls));
  return tls;
}

function attempt<T>(failure: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Error(`${failure} (${(error as NodeJS.ErrnoException).code ?? error})`, { cause: error });
  }
}
