import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Bus } from '../bus/bus.ts';
import type { KafkaAccess } from '../bus/kafka/clients.ts';
import { createKafkaBus } from '../bus/kafka/kafka.ts';
import { byToken, GrantedTokens, TokenFile, type TokenSource } from '../bus/kafka/token.ts';
import { createRedisStreamsBus } from '../bus/redis-streams/redis-streams.ts';
import type { Config } from '../config/schema.ts';
import { type Clock, systemClock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

interface Reader {
  config: Config;
  instance: string;
  clock: Clock;
  log: Log;
}

export type KafkaConfig = Extract<Config['bus'], { driver: 'kafka' }>;

/** The bus that the configuration names. Nothing is asked of it yet. */
export function createBus({ config, instance, log, clock }: Reader): Bus {
  const { region, bus } = config;
  const { topic, partitions } = bus;
  if (bus.driver === 'kafka') {
    const { member } = bus;
    return createKafkaBus({
      access: kafkaAccess(bus, instance, clock),
      topic,
      partitions,
      region,
      log,
      ...(member && { member }),
    });
  }
  const regions = Object.keys(config.regions);
  return createRedisStreamsBus({ url: bus.url, topic, partitions, region, regions, instance, log, clock });
}

/** How to reach the configured Kafka. @throws Error for a file that cannot be used */
export function kafkaAccess(
  { brokers, tls, sasl }: KafkaConfig,
  clientId: string,
  clock: Clock = systemClock,
): KafkaAccess {
  return {
    brokers,
    clientId,
    ...(tls && { tls: readTls(tls) }),
    ...(sasl && { sasl: sasl.mechanism === 'OAUTHBEARER' ? byToken(tokens(sasl, clock), sasl.extensions) : sasl }),
  };
}

type TokenConfig = Extract<NonNullable<KafkaConfig['sasl']>, { mechanism: 'OAUTHBEARER' }>;

/** The check of the configuration has seen to it that one of both is complete. */
function tokens({ tokenFile, tokenUrl, clientId, clientSecret, scope }: TokenConfig, clock: Clock): TokenSource {
  if (tokenFile) return new TokenFile(tokenFile);
  if (!tokenUrl || !clientId || !clientSecret) throw new Error('bus.sasl names no source of tokens');
  return new GrantedTokens({ tokenUrl, clientId, clientSecret, ...(scope && { scope }) }, clock);
}

function readTls({ caFile, certFile, keyFile }: NonNullable<KafkaConfig['tls']>): NonNullable<KafkaAccess['tls']> {
  const tls = {
    ...(caFile && { ca: read('caFile', caFile) }),
    ...(certFile && { cert: read('certFile', certFile) }),
    ...(keyFile && { key: read('keyFile', keyFile) }),
  };
  // TLS passes over what is no certificate, and then trusts nobody.
  if (tls.ca) attempt(`bus.tls.caFile: ${caFile} holds no certificate`, () => new X509Certificate(tls.ca ?? ''));
  attempt('bus.tls: the certificate and the key cannot be used', () => createSecureContext(tls));
  return tls;
}

function read(key: string, file: string): string {
  return attempt(`bus.tls.${key}: ${file} cannot be read`, () => readFileSync(file, 'utf8'));
}

function attempt<T>(failure: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Error(`${failure} (${(error as NodeJS.ErrnoException).code ?? error})`, { cause: error });
  }
}
