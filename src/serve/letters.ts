import type { Bus } from '../bus/bus.ts';
import type { LetterBox } from '../bus/letter-box.ts';
import { redisLetterBox } from '../bus/redis-streams/letter-box.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../ops/clock.ts';
import { createLog } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';
import { createBus } from './bus.ts';

/** Client name of the command on the bus. */
const NAME = 'muster-deadletters';

/** The dead letters of the configured bus, without connecting. @throws Error if a TLS file cannot be used */
export async function openLetterBox({ bus }: Pick<Config, 'bus'>): Promise<LetterBox> {
  if (bus.driver === 'kafka') {
    const { kafkaAccess } = await import('./kafka.ts');
    const { kafkaLetterBox } = await import('../bus/kafka/letter-box.ts');
    return kafkaLetterBox(kafkaAccess(bus, NAME), bus.topic);
  }
  return redisLetterBox(bus.url, bus.tls && readTls('bus.tls', bus.tls), bus.topic);
}

/** The bus, for publishing only. */
export function openSender(config: Config): Promise<Bus> {
  const log = createLog('silent', config.region, NAME);
  return createBus({ config, instance: NAME, clock: systemClock, log });
}
