import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a certificate. */
export interface Identity {
  certFile: string;
  /** PKCS #8, not encrypted. */
  keyFile: string;
  /** Both in one file, as brokers need it. */
  storeFile: string;
}

/** A certificate authority for a day. Needs OpenSSL 3. */
export class Authority {
  readonly caFile: string;
  readonly #dir: string;
  readonly #name: string;

  /** @throws Error with OpenSSL's message */
  constructor(dir: string, name: string) {
    mkdirSync(dir, { recursive: true });
    this.#dir = dir;
    this.#name = name;
    this.caFile = this.#make(name, ['-addext', 'basicConstraints=critical,CA:TRUE']).certFile;
  }

  /** A certificate for 127.0.0.1 and localhost, for servers and clients. @throws Error with OpenSSL's message */
  identity(name: string): Identity {
    const signer = ['-CA', this.caFile, '-CAkey', join(this.#dir, `${this.#name}.key.pem`)];
    return this.#make(name, [...signer, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']);
  }

  #make(name: string, more: string[]): Identity {
    const [certFile, keyFile, storeFile] = ['cert', 'key', 'store'].map((kind) =>
      join(this.#dir, `${name}.${kind}.pem`),
    ) as [string, string, string];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
    const args = ['req', '-x509', ...key, '-out', certFile, '-subj', `/CN=${name}`, '-days', '1', ...more];
    const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`OpenSSL made no certificate for ${name}: ${error ?? stderr}`);
    writeFileSync(storeFile, readFileSync(keyFile, 'utf8') + readFileSync(certFile, 'utf8'));
    return { certFile, keyFile, storeFile };
  }
}
