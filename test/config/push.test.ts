import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';

const EMEA = {
  ...{ platform: 'genesys', home: 'eu', loginUrl: 'https://login.example', apiUrl: 'https://api.example' },
  ...{ clientId: 'id', clientSecret: 'secret' },
};
const configWith = (push: unknown) =>
  readConfig(
    JSON.stringify({
      region: 'eu',
      redis: { nodes: ['127.0.0.1:1'] },
      bus: { url: 'redis://127.0.0.1:2' },
      regions: { eu: { url: 'http://127.0.0.1:3' } },
      connections: { emea: { ...EMEA, push } },
    }),
    'test',
    { PUSH: 'from-the-environment' },
  );

describe('push', () => {
  it('is off unless it is set, and takes its secret from the environment', () => {
    expect(configWith(undefined).connections.emea).not.toHaveProperty('push');
    expect(configWith({ scheme: 'bearer', secret: '${' + 'PUSH}' }).connections.emea).toMatchObject({
      push: { scheme: 'bearer', secret: 'from-the-environment' },
    });
  });

  it.each<[object, string]>([
    [{ scheme: 'bearer', secret: 'guessable' }, 'connections.emea.push.secret'],
    [{ scheme: 'none', secret: 'long-enough-to-be-one' }, 'connections.emea.push.scheme'],
    [{ scheme: 'bearer' }, 'connections.emea.push.secret'],
    [{ secret: 'long-enough-to-be-one' }, 'connections.emea.push.scheme'],
  ])('%j is refused by its path, without the secret', (push, path) => {
    expect(() => configWith(push)).toThrow(ConfigError);
    expect(() => configWith(push)).toThrow(path);
    expect(() => configWith(push)).not.toThrow(/guessable|long-enough/);
  });
});
