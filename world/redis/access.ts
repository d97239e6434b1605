/** Muster's user in the Redis of the local world and of tests: with the fewest permissions it can work with. Not secret. */
export const LOCAL_USER = { username: 'muster', password: 'muster' };

/** Arguments of `redis-server` that create that user. */
export function aclArguments(rules: string[]): string[] {
  return ['--user', LOCAL_USER.username, 'on', `>${LOCAL_USER.password}`, 'resetchannels', ...rules];
}

/** PEM files of an authority, and of a certificate it has signed. */
export interface RedisTlsFiles {
  caFile: string;
  certFile: string;
  keyFile: string;
}

/** `redis` of a configuration. */
export interface RedisAccess {
  nodes: string[];
  username: string;
  password: string;
  /** Of each master. */
  replicas: number;
  tls?: RedisTlsFiles;
}

/** Arguments of `redis-server` for TLS on a second port, for clients with a certificate of the same authority. */
export function tlsArguments(port: number, { caFile, certFile, keyFile }: RedisTlsFiles): string[] {
  const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', certFile, '--tls-key-file', keyFile];
  return ['--tls-port', `${port}`, ...files, '--tls-auth-clients', 'yes'];
}
