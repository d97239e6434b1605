import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

interface TlsFiles {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** PEM texts: trusted authorities, own certificate, own key. */
export interface TlsTexts {
  ca?: string;
  cert?: string;
  key?: string;
}

/**
 * Reads and checks the files that a TLS section of the configuration names.
 * @param path of the section, e.g. `bus.tls`
 * @throws Error if a file cannot be read, or holds no usable certificate or key
 */
export function readTls(path: string, { caFile, certFile, keyFile }: TlsFiles): TlsTexts {
  const read = (key: string, file: string): string =>
    attempt(`${path}.${key}: ${file} cannot be read`, () => readFileSync(file, 'utf8'));
  const tls = {
    ...(caFile && { ca: read('caFile', caFile) }),
    ...(certFile && { cert: read('certFile', certFile) }),
    ...(keyFile && { key: read('keyFile', keyFile) }),
  };
  // TLS ignores text that is not a certificate, and would then trust no authority.
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
