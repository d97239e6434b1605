import type { Part } from './part.ts';

/** The same in every region, whatever the bus is. */
const TOPIC = `  # Both the same in every region. Partitions are fixed once events have flowed; 12 carry far more than most estates send.
  topic: agent.status.change
  partitions: 12
`;

const APPLY = '  # `muster topics apply` creates the topics as they should be, `muster topics check` compares them.\n';

/** The bus between regions, as each service or one of one's own is reached. */
export const BUS_PARTS = {
  'redis-streams': {
    title: 'Redis Streams on one plain Redis, for small estates',
    yaml: `bus:
  driver: redis-streams
  # One plain Redis for all regions, not a node of a cluster: with appendonly yes and maxmemory-policy noeviction. While it is
  # away, regions know less of each other's agents. In a URL the password is percent-encoded.
  url: rediss://muster:\${BUS_PASSWORD}@bus.example.com:6379
  tls:
    # Of the authority that signed its certificate.
    caFile: \${BUS_CA_FILE}
${TOPIC}`,
  },
  kafka: {
    title: 'Apache Kafka of your own (TLS, SCRAM)',
    yaml: `bus:
  driver: kafka
  # A few brokers; the others are found from them.
  brokers: [kafka-1.example.com:9093, kafka-2.example.com:9093, kafka-3.example.com:9093]
  tls:
    # Of the authority that signed the brokers' certificates.
    caFile: \${KAFKA_CA_FILE}
  sasl:
    mechanism: SCRAM-SHA-512
    username: muster
    password: \${KAFKA_PASSWORD}
${TOPIC}${APPLY}  replication: 3
  # Longer than any region is ever away.
  retentionHours: 168
`,
  },
  msk: {
    title: 'Amazon MSK (SCRAM)',
    yaml: `bus:
  driver: kafka
  # Port 9096 is SCRAM within the VPC, 9196 with public access.
  brokers:
    - b-1.muster.abc123.c2.kafka.eu-west-1.amazonaws.com:9096
    - b-2.muster.abc123.c2.kafka.eu-west-1.amazonaws.com:9096
    - b-3.muster.abc123.c2.kafka.eu-west-1.amazonaws.com:9096
  # Amazon's authority is one that Node knows.
  tls: {}
  sasl:
    # The one SCRAM that MSK speaks. The user is a secret in AWS Secrets Manager whose name begins with AmazonMSK_.
    mechanism: SCRAM-SHA-512
    username: muster
    password: \${KAFKA_PASSWORD}
${TOPIC}${APPLY}  # One copy in each of three zones.
  replication: 3
  # Longer than any region is ever away.
  retentionHours: 168
`,
  },
  'msk-iam': {
    title: 'Amazon MSK (IAM)',
    yaml: `bus:
  driver: kafka
  # Port 9098 is IAM within the VPC, 9198 with public access.
  brokers:
    - b-1.muster.abc123.c2.kafka.eu-west-1.amazonaws.com:9098
    - b-2.muster.abc123.c2.kafka.eu-west-1.amazonaws.com:9098
    - b-3.muster.abc123.c2.kafka.eu-west-1.amazonaws.com:9098
  # Amazon's authority is one that Node knows.
  tls: {}
  sasl:
    # MSK takes a signed request as a token. A process beside Muster signs one with AWS's library, and writes it here before
    # the last one ends, after 15 minutes.
    mechanism: OAUTHBEARER
    tokenFile: /run/msk/token
${TOPIC}${APPLY}  # One copy in each of three zones.
  replication: 3
  # Longer than any region is ever away.
  retentionHours: 168
`,
  },
  'event-hubs': {
    title: 'Azure Event Hubs',
    yaml: `bus:
  driver: kafka
  # A namespace of the Standard tier or above: Basic does not speak Kafka. Always with TLS.
  brokers: [muster.servicebus.windows.net:9093]
  tls: {}
  sasl:
    mechanism: PLAIN
    # These very characters; the connection string is the password. It needs the claims Send and Listen.
    username: $ConnectionString
    password: \${EVENT_HUBS_CONNECTION_STRING}
${TOPIC}  # Create two event hubs: this topic with 12 partitions, and agent.status.change.dlq with 1. Standard has up to 32 partitions,
  # and keeps messages for 7 days at most. Event Hubs keeps copies by itself.
  retentionHours: 168
`,
  },
  confluent: {
    title: 'Confluent Cloud',
    yaml: `bus:
  driver: kafka
  # The bootstrap server of the cluster's settings. Its authority is one that Node knows.
  brokers: [pkc-abcde.eu-west-1.aws.confluent.cloud:9092]
  tls: {}
  sasl:
    # An API key of the cluster, of a service account: the key is the user, the secret the password.
    mechanism: PLAIN
    username: \${CONFLUENT_API_KEY}
    password: \${CONFLUENT_API_SECRET}
${TOPIC}${APPLY}  # Confluent Cloud always keeps 3 copies.
  replication: 3
  # Longer than any region is ever away.
  retentionHours: 168
`,
  },
  redpanda: {
    title: 'Redpanda',
    yaml: `bus:
  driver: kafka
  # A few brokers, or the bootstrap server that Redpanda Cloud shows for the cluster.
  brokers: [redpanda-1.example.com:9092, redpanda-2.example.com:9092, redpanda-3.example.com:9092]
  # Redpanda Cloud's authority is one that Node knows. Of one of your own: caFile.
  tls: {}
  sasl:
    mechanism: SCRAM-SHA-256
    username: muster
    password: \${KAFKA_PASSWORD}
${TOPIC}${APPLY}  replication: 3
  # Longer than any region is ever away.
  retentionHours: 168
`,
  },
} satisfies Record<string, Part>;
