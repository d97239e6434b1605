import { pathToFileURL } from 'node:url';
import type { Authority, Identity } from '../tools/certificates.ts';

/** The security of a broker's listener. */
export interface ListenerSecurity {
  protocol: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** Settings of the broker, without the prefix of the listener. */
  settings: Record<string, string>;
  /** Accounts that the storage is formatted with, as `--add-scram` takes them. */
  accounts?: string[];
  /** Options of the Java machine. */
  jvm?: string[];
}

/** By name. */
type Passwords = Record<string, string>;

const MODULES = 'org.apache.kafka.common.security';

/** TLS. If `asksClients`, clients need a certificate of the same authority. */
export function byTls(authority: Authority, broker: Identity, asksClients = false): ListenerSecurity {
  return {
    protocol: 'SSL',
    settings: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': broker.storeFile,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': authority.caFile,
      'ssl.client.auth': asksClients ? 'required' : 'none',
    },
  };
}

export function byPlain(users: Passwords): ListenerSecurity {
  const known = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  return bySasl('PLAIN', `${MODULES}.plain.PlainLoginModule required ${known.join(' ')};`);
}

export function byScram(mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512', users: Passwords): ListenerSecurity {
  return {
    ...bySasl(mechanism, `${MODULES}.scram.ScramLoginModule required;`),
    accounts: Object.entries(users).map(([name, password]) => `${mechanism}=[name=${name},password=${password}]`),
  };
}

/** Signed tokens of an issuer for an audience, checked with the keys of a JWKS file. */
export function byJwks(jwksFile: string, { issuer, audience }: { issuer: string; audience: string }): ListenerSecurity {
  const { protocol, settings } = bySasl('OAUTHBEARER', `${MODULES}.oauthbearer.OAuthBearerLoginModule required;`);
  const url = pathToFileURL(jwksFile).href;
  const handler = `${MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler`;
  return {
    protocol,
    settings: {
      ...settings,
      'oauthbearer.sasl.server.callback.handler.class': handler,
      // A session ends with its token, or after an hour.
      'oauthbearer.connections.max.reauth.ms': '3600000',
      'sasl.oauthbearer.jwks.endpoint.url': url,
      'sasl.oauthbearer.expected.issuer': issuer,
      'sasl.oauthbearer.expected.audience': audience,
    },
    jvm: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${url}`],
  };
}

function bySasl(mechanism: string, jaas: string): ListenerSecurity {
  const settings = {
    'sasl.enabled.mechanisms': mechanism,
    [`${mechanism.toLowerCase()}.sasl.jaas.config`]: jaas,
  };
  return { protocol: 'SASL_PLAINTEXT', settings };
}

/** The same, over TLS. */
export function overTls(sasl: ListenerSecurity, tls: ListenerSecurity): ListenerSecurity {
  return { ...sasl, protocol: 'SASL_SSL', settings: { ...tls.settings, ...sasl.settings } };
}
