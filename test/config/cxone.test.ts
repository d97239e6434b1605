import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';

const ACCESS = { clientId: 'id', clientSecret: 'hush-1', accessKeyId: 'key', accessKeySecret: 'hush-2' };
const connectionWith = (settings: object) =>
  readConfig(
    JSON.stringify({
      region: 'eu',
      redis: { nodes: ['127.0.0.1:1'] },
      bus: { url: 'redis://127.0.0.1:2' },
      regions: { eu: { url: 'http://127.0.0.1:3' } },
      connections: { cx: { platform: 'cxone', home: 'eu', ...ACCESS, ...settings } },
    }),
    'test',
    {},
  ).connections.cx;

describe('a connection to CXone', () => {
  it('needs four secrets and nothing else', () => {
    expect(connectionWith({})).toEqual({
      ...{ platform: 'cxone', home: 'eu', domain: 'main', claimsBy: 'call', authority: 'verify', ...ACCESS },
      ...{ issuerUrl: 'https://cxone.niceincontact.com', apiVersion: 34, pageSize: 1000 },
      ...{ pollIntervalMs: 5000, requestsPerMinute: 60 },
    });
  });

  it('needs two where a key logs in alone', () => {
    const alone = { clientId: undefined, clientSecret: undefined, accessKeyUrl: 'https://na1.nice-incontact.com' };
    expect(connectionWith(alone)).toMatchObject({ accessKeyUrl: 'https://na1.nice-incontact.com', accessKeyId: 'key' });
  });

  it.each([
    { clientId: undefined },
    { clientSecret: undefined },
    { clientId: undefined, clientSecret: undefined },
    { accessKeyUrl: 'https://na1.nice-incontact.com' },
    { clientId: undefined, accessKeyUrl: 'https://na1.nice-incontact.com' },
  ])('logs in by an application or by a key alone, not by halves: %j', (settings) => {
    const message = 'connections.cx: needs either clientId and clientSecret, or accessKeyUrl';
    expect(() => connectionWith(settings)).toThrow(message);
  });

  it('takes what a customer’s codes mean, by name or id, but never as available', () => {
    const unavailableCodes = { 'One to one': { reason: 'COACHING' }, 417: { reason: 'OFF_SITE', state: 'OFF_DUTY' } };
    expect(connectionWith({ unavailableCodes })).toMatchObject({
      unavailableCodes: { 'One to one': { reason: 'COACHING', state: 'PAUSED' }, 417: { state: 'OFF_DUTY' } },
    });
    for (const state of ['ON_DUTY', 'AVAILABLE', 'IDLE'])
      expect(() => connectionWith({ unavailableCodes: { Lunch: { reason: 'LUNCH', state } } })).toThrow(
        'unavailableCodes.Lunch.state',
      );
  });

  it.each([
    [{ clientSecret: '' }, 'connections.cx.clientSecret'],
    [{ accessKeySecret: '' }, 'connections.cx.accessKeySecret'],
    [{ pollIntervalMs: 1000 }, 'connections.cx.pollIntervalMs'],
    [{ issuerUrl: 'https://cxone.niceincontact.com/auth' }, 'connections.cx.issuerUrl'],
  ])('is refused by its path, without its secrets: %j', (settings, path) => {
    expect(() => connectionWith(settings)).toThrow(ConfigError);
    expect(() => connectionWith(settings)).toThrow(path);
    expect(() => connectionWith(settings)).not.toThrow(/hush/);
  });

  it('may not poll more often than its requests allow', () => {
    expect(() => connectionWith({ pollIntervalMs: 2000 })).toThrow(
      'is 2000, which takes 60 requests a minute; requestsPerMinute leaves 30 for it',
    );
    expect(connectionWith({ pollIntervalMs: 2000, requestsPerMinute: 120 })).toBeDefined();
  });
});
