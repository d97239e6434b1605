import { describe, expect, test } from 'vitest';
import { EXAMPLE_CONFIG } from '../../src/config/docs.ts';
import { readConfig } from '../../src/config/load.ts';
import { problemsIn } from '../fixtures/config-problems.ts';

const withBus = (bus: string) => EXAMPLE_CONFIG.replace(/^bus: .*$/m, `bus: { driver: kafka, ${bus} }`);
const ENV = { GENESYS_CLIENT_ID: 'id', GENESYS_CLIENT_SECRET: 'secret', CONNECTION_STRING: 'Endpoint=sb://x/;Key=k=' };
const read = (bus: string) => readConfig(withBus(bus), 'muster.yaml', ENV);

const problemsOf = (bus: string): string[] => problemsIn(() => read(bus));

const BROKERS = 'brokers: [kafka.example.com:9093]';
const token = (more: string) => `${BROKERS}, sasl: { mechanism: OAUTHBEARER, ${more} }`;

describe('a Kafka in the configuration', () => {
  test('takes the names and passwords of Event Hubs', () => {
    const sasl = `sasl: { mechanism: PLAIN, username: $ConnectionString, password: "\${CONNECTION_STRING}" }`;
    expect(read(`${BROKERS}, tls: {}, ${sasl}`).bus).toMatchObject({
      tls: {},
      sasl: { mechanism: 'PLAIN', username: '$ConnectionString', password: ENV.CONNECTION_STRING },
    });
  });

  test('takes extensions of a token', () => {
    const { bus } = read(token('tokenFile: /run/token, extensions: { logicalCluster: lkc-1 }'));
    expect(bus).toMatchObject({ sasl: { extensions: { logicalCluster: 'lkc-1' } } });
  });

  test.each([
    ['no broker', 'brokers: []', ['bus.brokers: is an empty list, expected a list of 1 to 100 entries']],
    ['a broker nowhere', 'brokers: [kafka:99999]', ['bus.brokers[0]: is kafka:99999, which is not a valid address']],
    [
      'a certificate without its key',
      `${BROKERS}, tls: { certFile: a.pem }`,
      ['bus.tls: has one of certFile and keyFile, which only work together'],
    ],
    ['a token from nowhere', token('scope: a'), ['bus.sasl: needs either tokenUrl or tokenFile']],
    [
      'a token from two places',
      token('tokenFile: a, tokenUrl: "https://a", clientId: b, clientSecret: c'),
      ['bus.sasl: needs either tokenUrl or tokenFile'],
    ],
    [
      'a token endpoint that is asked by nobody',
      token('tokenUrl: "https://a", clientId: b'),
      ['bus.sasl: has a tokenUrl, and needs clientId and clientSecret for it'],
    ],
    [
      'extensions that would say who it is',
      token('tokenFile: a, extensions: { auth: b, a1: c }'),
      ['auth', 'a1'].map(
        (name) => `bus.sasl.extensions.${name}: is not a valid extension name: letters only, and not auth`,
      ),
    ],
    [
      'an extension that ends before its value does',
      token('tokenFile: a, extensions: { a: "b\\x01auth=c" }'),
      ['bus.sasl.extensions.a: is "b\\u0001auth=c", expected a text of printable ASCII'],
    ],
  ])('%s is refused', (_, bus, problems) => {
    expect(problemsOf(bus)).toEqual(problems);
  });
});
