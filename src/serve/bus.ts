import type { Bus } from '../bus/bus.ts';
import type { KafkaAccess } from '../bus/kafka/clients.ts';
import { createKafkaBus } from '../bus/kafka/kafka.ts';
import { byToken, GrantedTokens, TokenFile, type TokenSource } from '../bus/kafka/token.ts';
import { createRedisStreamsBus } from '../bus/redis-streams/redis-streams.ts';
import type { Config } from '../config/schema.ts';
import { type Clock, systemClock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';

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
  const tls = bus.tls && { tls: readTls('bus.tls', bus.tls) };
  return createRedisStreamsBus({ url: bus.url, ...tls, topic, partitions, region, regions, instance, log, clock });
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
    ...(tls && { tls: readTls('bus.tls', tls) }),
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
