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
      username: Text('User name. Event Hubs: `$ConnectionString`.'),
      password: Secret('The password. Event Hubs: the connection string.'),
    },
    closed,
  );

const Sasl = Type.Union(
  [
    byPassword('PLAIN', 'Sends the password: use it with TLS only.'),
    byPassword('SCRAM-SHA-256', 'Does not send the password.'),
    byPassword('SCRAM-SHA-512', 'The same with a longer hash; used by MSK.'),
    Type.Object(
      {
        mechanism: Type.Literal('OAUTHBEARER', {
          description: 'A token, from a token endpoint or from a file.',
        }),
        tokenUrl: Type.Optional(
          Type.String({
            pattern: '^https?://[^\\s]+$',
            title: 'a URL such as https://login.example.com/oauth2/token',
            description: 'Token endpoint of the issuer (OAuth 2.0, client credentials).',
          }),
        ),
        clientId: Type.Optional(Text('Client id at the token endpoint.')),
        clientSecret: Type.Optional(Secret('Client secret.')),
        scope: Type.Optional(Text('Scope to request.')),
        tokenFile: Type.Optional(
          File('Instead of `tokenUrl`: a file that always contains a valid token, e.g. written by an MSK IAM signer.'),
        ),
        extensions: Type.Optional(
          named(
            Type.String({
              pattern: '^[\\x20-\\x7e]+$',
              title: 'a text of printable ASCII',
              description: 'Value of an extension. Confluent Cloud: `logicalCluster`, `identityPoolId`.',
            }),
            'SASL extensions that brokers require in addition to the token, by name (RFC 7628).',
          ),
        ),
      },
      closed,
    ),
  ],
  { description: 'Authentication at the brokers.' },
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
        tls: Type.Optional(Tls('TLS to the bus, with `rediss://`.')),
      },
      closed,
    ),
    Type.Object(
      {
        driver: Type.Literal('kafka', { description: 'Kafka, or a service with its protocol, carries the events.' }),
        brokers: Type.Array(
          Type.String({ pattern: '^(\\[[0-9A-Fa-f:]+\\]|[^\\s:/@]+):[0-9]{1,5}$', title: '`host:port`' }),
          {
            minItems: 1,
            maxItems: 100,
            description: '`host:port` of some brokers; the others are discovered.',
          },
        ),
        ...shared,
        replication: Type.Integer({
          default: 3,
          minimum: 1,
          maximum: 9,
          description: 'Replicas of topics created by `muster topics`; at most the number of brokers.',
        }),
        retentionHours: Type.Integer({
          default: 168,
          minimum: 1,
          maximum: 8760,
          description:
            'Retention of topics created by `muster topics`; a region that is disconnected for longer misses messages.',
        }),
        member: Type.Optional(
          Type.String({
            pattern: '^[A-Za-z0-9._-]{1,249}$',
            title: 'up to 249 letters, digits, dots, dashes or underscores',
            description:
              'Unique name of this instance that survives restarts, e.g. the name of a StatefulSet pod. With it a restarted instance gets its partitions back at once, without waiting for its old session to expire.',
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
