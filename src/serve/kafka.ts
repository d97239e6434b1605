import type { Bus } from '../bus/bus.ts';
import type { KafkaAccess } from '../bus/kafka/clients.ts';
import { createKafkaBus } from '../bus/kafka/kafka.ts';
import { byToken, GrantedTokens, TokenFile, type TokenSource } from '../bus/kafka/token.ts';
import type { Config } from '../config/schema.ts';
import { type Clock, systemClock } from '../ops/clock.ts';
import { readTls } from '../ops/tls.ts';
import type { BusReader } from './ground.ts';

export type KafkaConfig = Extract<Config['bus'], { driver: 'kafka' }>;

/** Creates the bus on Kafka, without connecting. @throws Error if a TLS file cannot be used */
export function kafkaBus({ config: { region }, instance, clock, log }: BusReader, bus: KafkaConfig): Bus {
  const { topic, partitions, member } = bus;
  const access = kafkaAccess(bus, instance, clock);
  return createKafkaBus({ access, topic, partitions, region, log, ...(member && { member }) });
}

/** Addresses and credentials of the configured Kafka. @throws Error if a TLS file cannot be used */
export function kafkaAccess(
  { brokers, tls, sasl }: KafkaConfig,
  clientId: string,
  clock: Clock = systemClock,
): KafkaAccess {
  return {
    brokers,
    clientId,
    ...(tls && { tls: readTls('bus.tls', tls) }),
    ...(sasl && { sasl: sasl.mechanism === 'OAUTHBEARER' ? byToken(tokens(sasl, clock), sasl.extensions) : sasl }),
  };
}

type TokenConfig = Extract<NonNullable<KafkaConfig['sasl']>, { mechanism: 'OAUTHBEARER' }>;

/** The schema guarantees that the settings of one source are complete. */
function tokens({ tokenFile, tokenUrl, clientId, clientSecret, scope }: TokenConfig, clock: Clock): TokenSource {
  if (tokenFile) return new TokenFile(tokenFile);
  if (!tokenUrl || !clientId || !clientSecret) throw new Error('bus.sasl names no source of tokens');
  return new GrantedTokens({ tokenUrl, clientId, clientSecret, ...(scope && { scope }) }, clock);
}
