/** Who Muster is in the Redis of the local world and of tests: a user with the least it can work with, and no secret. */
export const LOCAL_USER = { username: 'muster', password: 'muster' };

/** What makes a `redis-server` know that user. */
export function aclArguments(rules: string[]): string[] {
  return ['--user', LOCAL_USER.username, 'on', `>${LOCAL_USER.password}`, ...rules];
}

/** PEM files of an authority and of somebody it has signed. */
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

/** What makes a `redis-server` speak TLS on a port of its own, with those who have a certificate of the same authority. */
export function tlsArguments(port: number, { caFile, certFile, keyFile }: RedisTlsFiles): string[] {
  const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', certFile, '--tls-key-file', keyFile];
  return ['--tls-port', `${port}`, ...files, '--tls-auth-clients', 'yes'];
}
