import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Bus, BusUnavailable } from '../../../src/bus/bus.ts';
import { createKafkaBus } from '../../../src/bus/kafka/kafka.ts';
import { createLog } from '../../../src/ops/log.ts';
import { type KafkaConfig, kafkaAccess } from '../../../src/serve/kafka.ts';
import { kafkaOrSkip } from '../../fixtures/kafka.ts';
import { SOON } from '../../fixtures/soon.ts';
import { TokenEndpoint } from '../../fixtures/token-endpoint.ts';
import { PASSWORD, type SecuredKafka, type Security, startSecuredKafka, USER } from './secured.ts';

const WRONG = 'wrong-horse-battery';
const CLIENT_SECRET = 'hush-hush-hush';
const HOUR_SECONDS = 3600;
const message = { key: 'agent-1', headers: { ce_id: '1' }, value: '"hello"' };

kafkaOrSkip('a secured Kafka', () => {
  let kafka: SecuredKafka;
  let endpoint: TokenEndpoint;
  /** What was logged. */
  let lines: string[] = [];
  /** What must not be. */
  let secrets: string[] = [];
  const log = createLog('trace', 'eu', 'test', { write: (line) => void lines.push(line) });

  beforeAll(async () => {
    [kafka, endpoint] = await Promise.all([startSecuredKafka(), TokenEndpoint.start()]);
  });
  afterAll(() => Promise.all([kafka?.stop(), endpoint?.stop()]));
  afterEach(() => {
    const said = lines.join('');
    for (const secret of [PASSWORD, WRONG, CLIENT_SECRET, ...secrets]) {
      const bytes = Buffer.from(secret);
      for (const form of [secret, bytes.toString('base64').slice(0, -4), [...bytes].join(',')])
        expect(said).not.toContain(form);
    }
    [lines, secrets, endpoint.asked.length] = [[], [], 0];
  });

  function open(config: KafkaConfig): Bus {
    const { topic, partitions } = config;
    const access = kafkaAccess(config, 'test');
    const bus = createKafkaBus({ access, topic, partitions, region: 'eu', log, sessionMs: 1000 });
    onTestFinished(() => bus.close());
    return bus;
  }

  async function goesThrough(way: string, security: Security): Promise<Bus> {
    const bus = open(kafka.config(way, security, await kafka.createTopic()));
    const read: string[] = [];
    bus.consume(async (_, batch) => void read.push(...batch.map(({ value }) => value)));
    await bus.publish(0, [message]);
    await vi.waitFor(() => expect(read).toEqual([message.value]), { timeout: 45_000, interval: 20 });
    return bus;
  }

  /** What a publish that cannot be says; the log has it, too. */
  async function failureOf(bus: Bus): Promise<string> {
    const error: unknown = await bus.publish(0, [message]).catch((reason) => reason);
    if (!(error instanceof BusUnavailable)) throw new Error(`expected BusUnavailable, got ${error}`, { cause: error });
    log.warn('bus_write_failed', { err: error });
    return error.message;
  }

  const failure = (way: string, security: Security) => failureOf(open(kafka.config(way, security)));
  const password = (mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512', text = PASSWORD) =>
    ({ mechanism, username: USER, password: text }) as const;

  function byEndpoint(more: { extensions?: Record<string, string> } = {}): Security {
    const sasl = { tokenUrl: endpoint.url, clientId: USER, clientSecret: CLIENT_SECRET, scope: 'kafka', ...more };
    return { tls: kafka.trusted, sasl: { mechanism: 'OAUTHBEARER', ...sasl } };
  }

  function issue(lifeSeconds: number): string {
    const token = kafka.signer.token(lifeSeconds);
    secrets.push(token);
    return token;
  }

  const grant = (lifeSeconds: number) => ({
    status: 200,
    body: { access_token: issue(lifeSeconds), token_type: 'Bearer', expires_in: lifeSeconds },
  });

  test('carries messages over TLS', () => goesThrough('TLS', { tls: kafka.trusted }));

  test('carries messages of a client with a certificate', () => goesThrough('MUTUAL', { tls: kafka.client }));

  test.each([
    ['PLAIN', 'PLAIN', true],
    ['SCRAM256', 'SCRAM-SHA-256', false],
    ['SCRAM512', 'SCRAM-SHA-512', true],
  ] as const)('carries messages of a user by %s', async (way, mechanism, isTls) => {
    await goesThrough(way, { ...(isTls && { tls: kafka.trusted }), sasl: password(mechanism) });
  });

  test('carries messages by tokens of an endpoint, and one token serves all connections', async () => {
    endpoint.answer = () => grant(HOUR_SECONDS);
    await goesThrough('TOKEN', byEndpoint());
    expect(endpoint.asked).toHaveLength(1);
  });

  test('sends extensions with the token', async () => {
    endpoint.answer = () => grant(HOUR_SECONDS);
    const config = (name: string, topic: string) =>
      kafka.config('TOKEN', byEndpoint({ extensions: { [name]: 'lkc-1' } }), topic);
    const topic = await kafka.createTopic();
    await open(config('logicalCluster', topic)).publish(0, [message]);
    // It has come there: a name that is none is refused.
    expect(await failureOf(open(config('7', topic)))).toMatch(/authentication failed/i);
  });

  test('goes on beyond the life of a token', async () => {
    const tokens: string[] = [];
    endpoint.answer = () => {
      // Renewed early, for brokers let nobody authenticate twice within a second.
      tokens.push(issue(5));
      return { status: 200, body: { access_token: tokens.at(-1), expires_in: 1 } };
    };
    const bus = await goesThrough('TOKEN', byEndpoint());
    // The broker ends the session of a token that is over, unless it was shown another one.
    const before = lines.length;
    do await bus.publish(0, [message]);
    while (!kafka.signer.isOver(tokens[0] ?? ''));
    await bus.publish(0, [message]);
    expect(lines.slice(before)).toEqual([]);
  });

  test('carries messages by the token in a file, which is read again', async () => {
    const tokenFile = join(kafka.dir, 'token');
    writeFileSync(tokenFile, issue(-HOUR_SECONDS));
    const topic = await kafka.createTopic();
    const sasl = { mechanism: 'OAUTHBEARER', tokenFile } as const;
    const bus = open(kafka.config('TOKEN', { tls: kafka.trusted, sasl }, topic));
    expect(await failureOf(bus)).toContain('the brokers refuse the token: invalid_token');
    writeFileSync(tokenFile, `${issue(HOUR_SECONDS)}\n`);
    await bus.publish(0, [message]);
  });

  test('says that no trusted authority signed the certificate of the brokers', async () => {
    expect(await failure('TLS', { tls: kafka.stranger })).toContain(
      "the brokers' certificate is not signed by a trusted authority",
    );
  });

  test('says that the brokers require a client certificate', async () => {
    expect(await failure('MUTUAL', { tls: kafka.trusted })).toContain(
      'as brokers do that require a client certificate',
    );
  });

  test('says that the brokers speak TLS', async () => {
    expect(await failure('TLS', {})).toContain('Broker requires TLS');
  });

  test('says that the brokers do not speak TLS', async () => {
    expect(await failure('SCRAM256', { tls: kafka.trusted })).toContain('TLS handshake failed');
  });

  test('says that the brokers want another mechanism', async () => {
    const sasl = password('SCRAM-SHA-512');
    expect(await failure('SCRAM256', { sasl })).toContain('does not support the requested SASL mechanism');
  });

  test.each([
    ['PLAIN', 'PLAIN', true],
    ['SCRAM256', 'SCRAM-SHA-256', false],
    ['SCRAM512', 'SCRAM-SHA-512', true],
  ] as const)('says that a password is wrong, by %s', async (way, mechanism, isTls) => {
    const security = { ...(isTls && { tls: kafka.trusted }), sasl: password(mechanism, WRONG) };
    expect(await failure(way, security)).toMatch(/cannot be used now: authentication failed/i);
  });

  test('says in the log that it cannot read with a wrong password', async () => {
    const security = { tls: kafka.trusted, sasl: password('PLAIN', WRONG) };
    open(kafka.config('PLAIN', security, await kafka.createTopic())).consume(async () => undefined);
    await vi.waitFor(() => expect(lines.join('')).toMatch(/"event":"bus_read_failed"/), 15_000);
    expect(lines.join('')).toContain('"reason":"Authentication failed');
  });

  test('says that the token endpoint refuses the client', async () => {
    endpoint.answer = () => ({ status: 401, body: { error: 'invalid_client', error_description: CLIENT_SECRET } });
    expect(await failure('TOKEN', byEndpoint())).toContain(
      `the token endpoint ${endpoint.url} answered 401: invalid_client`,
    );
  });

  test('says that the brokers refuse a token, and asks for another', async () => {
    endpoint.answer = () => ({
      ...grant(-HOUR_SECONDS),
      body: { access_token: issue(-HOUR_SECONDS), expires_in: 900 },
    });
    const bus = open(kafka.config('TOKEN', byEndpoint(), await kafka.createTopic()));
    expect(await failureOf(bus)).toContain('the brokers refuse the token: invalid_token');
    endpoint.answer = () => grant(HOUR_SECONDS);
    await bus.publish(0, [message]);
  });

  test.each([
    ['caFile', 'holds no certificate', () => ({ caFile: join(kafka.dir, 'jwks.json') })],
    ['caFile', 'cannot be read (ENOENT)', () => ({ caFile: join(kafka.dir, 'missing.pem') })],
    ['the certificate', 'cannot be used', () => ({ ...kafka.client, keyFile: kafka.trusted.caFile })],
  ])('says at once that %s %s', (what, reason, tls) => {
    const attempt = () => open(kafka.config('TLS', { tls: tls() }));
    expect(attempt).toThrow(what);
    expect(attempt).toThrow(reason);
  });

  test('outlives a broker that ends while it authenticates', async () => {
    const broker = createServer((socket: Socket) => {
      socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy());
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void broker.close());
    await vi.waitFor(() => expect(broker.address()).not.toBeNull(), SOON);
    const brokers = [`127.0.0.1:${(broker.address() as AddressInfo).port}`];
    const bus = open({ ...kafka.config('PLAIN', { sasl: password('PLAIN') }), brokers });
    expect(await failureOf(bus)).toContain('cannot be used now');
  });

  test('sends the name of the broker as TLS server name', async () => {
    const names: string[] = [];
    const front = createTlsServer({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void front.close());
    await vi.waitFor(() => expect(front.address()).not.toBeNull(), SOON);
    const brokers = [`localhost:${(front.address() as AddressInfo).port}`];
    await failureOf(open({ ...kafka.config('TLS', { tls: kafka.trusted }), brokers }));
    expect(names[0]).toBe('localhost');
  });
});
