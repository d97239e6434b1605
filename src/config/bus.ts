import { Type } from 'typebox';
import { closed, Name, named } from './fields.ts';
import { Tls } from './tls.ts';

const shared = {
  topic: Name('Name of the topic of events; the same in every region.', { default: 'agent.status.change' }),
  partitions: Type.Integer({
    default: 12,
    minimum: 1,
    maximum: 256,
    description: 'Partitions of the topic; the same in every region, and fixed once events have flowed.',
  }),
};

const File = (description: string) => Type.String({ minLength: 1, title: 'the path of a file', description });
const Text = (description: string) => Type.String({ minLength: 1, description });
const Secret = (description: string) => Type.String({ minLength: 1, description, writeOnly: true });

const byPassword = <const M extends string>(mechanism: M, description: string) =>
  Type.Object(
    {
      mechanism: Type.Literal(mechanism, { description }),
      username: Text('Who to be. Event Hubs: `$ConnectionString`.'),
      password: Secret('The password. Event Hubs: the connection string.'),
    },
    closed,
  );

const Sasl = Type.Union(
  [
    byPassword('PLAIN', 'The password goes over the wire: use it with TLS only.'),
    byPassword('SCRAM-SHA-256', 'The password is proven, not sent.'),
    byPassword('SCRAM-SHA-512', 'As before, with a longer hash; what MSK speaks.'),
    Type.Object(
      {
        mechanism: Type.Literal('OAUTHBEARER', {
          description: 'A token, asked for with client credentials or kept in a file by somebody else.',
        }),
        tokenUrl: Type.Optional(
          Type.String({
            pattern: '^https?://[^\\s]+$',
            title: 'a URL such as https://login.example.com/oauth2/token',
            description: 'The token endpoint of the issuer (OAuth 2.0, client credentials).',
          }),
        ),
        clientId: Type.Optional(Text('Who asks there.')),
        clientSecret: Type.Optional(Secret('Its secret.')),
        scope: Type.Optional(Text('The scope to ask for.')),
        tokenFile: Type.Optional(
          File('A file that always holds a valid token instead, e.g. one of an MSK IAM signer.'),
        ),
        extensions: Type.Optional(
          named(
            Type.String({
              pattern: '^[\\x20-\\x7e]+$',
              title: 'a text of printable ASCII',
              description:
                'What brokers want to be told beside the token. Confluent Cloud: `logicalCluster`, `identityPoolId`.',
            }),
            'What brokers want to be told beside the token, by name (RFC 7628).',
          ),
        ),
      },
      closed,
    ),
  ],
  { description: 'Who to be at the brokers.' },
);

/** The one ordered event bus between the regions. */
export const Bus = Type.Union(
  [
    Type.Object(
      {
        driver: Type.Literal('redis-streams', {
          default: 'redis-streams',
          description: 'One plain Redis carries the events.',
        }),
        url: Type.String({
          pattern: '^rediss?://[^\\s/]+(/[0-9]*)?$',
          title: 'a URL such as redis://127.0.0.1:6390',
          description: 'One plain Redis, shared by all regions; it must not be a node of a cluster.',
          writeOnly: true,
        }),
        ...shared,
        tls: Type.Optional(Tls('Whom to trust and who to be, with `rediss://`.')),
      },
      closed,
    ),
    Type.Object(
      {
        driver: Type.Literal('kafka', { description: 'A Kafka, or what speaks its protocol, carries them.' }),
        brokers: Type.Array(
          Type.String({ pattern: '^(\\[[0-9A-Fa-f:]+\\]|[^\\s:/@]+):[0-9]{1,5}$', title: '`host:port`' }),
          {
            minItems: 1,
            maxItems: 100,
            description: '`host:port` of some brokers; the rest of the cluster is found from them.',
          },
        ),
        ...shared,
        replication: Type.Integer({
          default: 3,
          minimum: 1,
          maximum: 9,
          description: 'Copies of each message that `muster topics` asks for; as many as there are brokers at most.',
        }),
        retentionHours: Type.Integer({
          default: 168,
          minimum: 1,
          maximum: 8760,
          description:
            'How long the topics keep messages at least, for `muster topics`; a region that is away for longer misses some.',
        }),
        member: Type.Optional(
          Type.String({
            pattern: '^[A-Za-z0-9._-]{1,249}$',
            title: 'up to 249 letters, digits, dots, dashes or underscores',
            description:
              'A name of this instance that outlives its restarts, and is no other’s (e.g. the name of a pod of a StatefulSet): after a crash it has its partitions back as soon as it is up, and not only when its session is over.',
          }),
        ),
        tls: Type.Optional(Tls('TLS to the brokers.')),
        sasl: Type.Optional(Sasl),
      },
      closed,
    ),
  ],
  { description: 'The one ordered event bus between the regions.' },
);
