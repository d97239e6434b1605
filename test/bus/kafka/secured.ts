import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import type { KafkaConfig } from '../../../src/serve/kafka.ts';
import { startKafka } from '../../../world/kafka/cluster.ts';
import { byJwks, byPlain, byScram, byTls, type ListenerSecurity, overTls } from '../../../world/kafka/security.ts';
import { Authority } from '../../../world/tools/certificates.ts';
import { TokenSigner } from '../../fixtures/signed-tokens.ts';

export const USER = 'muster';
export const PASSWORD = 'correct-horse-battery';

/** The parts of a configuration that are about who may come in. */
export type Security = Pick<KafkaConfig, 'tls' | 'sasl'>;

export type SecuredKafka = Awaited<ReturnType<typeof startSecuredKafka>>;

/** One broker that has a listener for each way of being secured. */
export async function startSecuredKafka() {
  const dir = mkdtempSync(join(tmpdir(), 'muster-kafka-security-'));
  const authority = new Authority(join(dir, 'pem'), 'authority');
  const { storeFile, ...client } = authority.identity('client');
  const signer = new TokenSigner();
  const jwksFile = join(dir, 'jwks.json');
  writeFileSync(jwksFile, signer.jwks);
  const broker = authority.identity('broker');
  const tls = byTls(authority, broker);
  const users = { [USER]: PASSWORD };
  const ways: Record<string, ListenerSecurity> = {
    TLS: tls,
    MUTUAL: byTls(authority, broker, true),
    PLAIN: overTls(byPlain(users), tls),
    SCRAM256: byScram('SCRAM-SHA-256', users),
    SCRAM512: overTls(byScram('SCRAM-SHA-512', users), tls),
    TOKEN: overTls(byJwks(jwksFile, signer), tls),
  };
  const kafka = await startKafka({ dir, ways: Object.entries(ways).map(([name, security]) => ({ name, security })) });
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.bootstrap });
  return {
    dir,
    signer,
    /** For the `tls` of a configuration. */
    trusted: { caFile: authority.caFile },
    client: { caFile: authority.caFile, ...client },
    stranger: { caFile: new Authority(join(dir, 'stranger'), 'stranger').caFile },
    config: (way: string, security: Security, topic = 'unused'): KafkaConfig => ({
      driver: 'kafka',
      brokers: [`127.0.0.1:${kafka.port(way)}`],
      topic,
      partitions: 1,
      replication: 1,
      retentionHours: 1,
      ...security,
    }),
    createTopic: async (): Promise<string> => {
      const topic = `agent.status.change.${randomUUID()}`;
      await admin.createTopics({ topics: [topic, `${topic}.dlq`], partitions: 1, replicas: 1 });
      return topic;
    },
    stop: async (): Promise<void> => {
      await admin.close();
      await kafka.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
