import { FAULTS, type FaultSettings } from '@muster/simulators/genesys/faults';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { InvalidFault } from '@muster/simulators/kit/faults';
import Fastify, { type FastifyInstance } from 'fastify';
import { freePort, isFree } from '../tools/ports.ts';
import { type LinkReport, UnknownLink, type Weather } from './weather.ts';

/** The faults of a platform's events. Its other faults are for its own tests. */
const EVENT_FAULTS = ['dropEvents', 'duplicateEvents', 'delayEvents', 'delayMs', 'reorderEvents'] as const;

export type EventFaults = Pick<FaultSettings, (typeof EVENT_FAULTS)[number]>;

/** The answer to every request of `npm run world -- weather`. */
export interface WeatherReport {
  links: LinkReport[];
  /** Shares are from 0 to 1. */
  events: (EventFaults & { connection: string })[];
}

interface Controlled {
  weather: Weather;
  /** The connections whose notifications can be made faulty. */
  organisations: readonly { name: string; simulator: Pick<GenesysSimulator, 'faults'> }[];
}

export interface Control {
  readonly url: string;
  stop(): Promise<void>;
}

const USUAL_PORT = 7400;
const word = { type: 'string', minLength: 1, maxLength: 100 } as const;
const milliseconds = { type: 'number', minimum: 0, maximum: 60_000 } as const;
const LINK = { type: 'object', required: ['a', 'b'], properties: { a: word, b: word } } as const;
const SLOW = {
  type: 'object',
  required: ['a', 'b', 'latencyMs', 'jitterMs'],
  properties: { ...LINK.properties, latencyMs: milliseconds, jitterMs: milliseconds },
} as const;
const ENDS = { type: 'object', properties: LINK.properties } as const;
const REGION = {
  type: 'object',
  required: ['region'],
  properties: { region: word, platforms: { type: 'boolean' } },
} as const;
const EVENTS = { type: 'object', required: ['connection'], properties: { connection: word } } as const;

/** Lets other processes of this machine see and change the weather of a world: on port 7400, or a free one. */
export async function startControl(controlled: Controlled): Promise<Control> {
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) =>
    reply.code(statusOf(error)).send({ message: error.message }),
  );
  weatherRoutes(app, controlled);
  const port = (await isFree(USUAL_PORT)) ? USUAL_PORT : await freePort();
  const url = await app.listen({ host: '127.0.0.1', port });
  return { url, stop: () => app.close() };
}

/** Every answer is the weather after the request. */
function weatherRoutes(app: FastifyInstance, { weather, organisations }: Controlled): void {
  const report = (): WeatherReport => ({
    links: weather.links.map((link) => link.report()),
    events: organisations.map(({ name, simulator }) => ({ connection: name, ...eventFaults(simulator.faults({})) })),
  });
  const post = <Body>(path: string, schema: object, act: (body: Body) => void): void => {
    app.post<{ Body: Body }>(`/weather/${path}`, { schema: { body: schema } }, async ({ body }) => {
      act(body as Body);
      return report();
    });
  };
  const clearEvents = (connection?: string): void => {
    for (const { name, simulator } of organisations) {
      if (connection === undefined || connection === name) simulator.faults(NO_EVENT_FAULTS);
    }
  };
  type Ends = { a: string; b: string };
  app.get('/weather', async () => report());
  post<Ends>('cut', LINK, ({ a, b }) => weather.link(a, b).cut());
  post<Ends>('stall', LINK, ({ a, b }) => weather.link(a, b).stall());
  post<Ends & { latencyMs: number; jitterMs: number }>('slow', SLOW, ({ a, b, latencyMs, jitterMs }) =>
    weather.link(a, b).set({ latencyMs, jitterMs }),
  );
  post<Partial<Ends>>('clear', ENDS, ({ a, b }) => {
    if (a !== undefined && b !== undefined) return weather.link(a, b).clear();
    weather.clear(a);
    clearEvents(a);
  });
  post<{ region: string; platforms?: boolean }>('isolate', REGION, ({ region, platforms = false }) =>
    weather.isolate(region, { platforms }),
  );
  post<{ region: string }>('rejoin', REGION, ({ region }) => weather.rejoin(region));
  post<{ connection: string } & Partial<EventFaults>>('events', EVENTS, ({ connection, ...faults }) => {
    const found = organisations.find(({ name }) => name === connection);
    const known = organisations.map(({ name }) => name).join(', ');
    if (!found) throw new UnknownLink(`there is no Genesys Cloud connection ${connection}; there are ${known}`);
    found.simulator.faults(faults);
  });
}

function eventFaults(faults: FaultSettings): EventFaults {
  return Object.fromEntries(EVENT_FAULTS.map((name) => [name, faults[name]])) as EventFaults;
}

const NO_EVENT_FAULTS = Object.fromEntries(EVENT_FAULTS.map((name) => [name, FAULTS[name].default])) as EventFaults;

function statusOf(error: Error & { statusCode?: number }): number {
  if (error instanceof UnknownLink) return 404;
  if (error instanceof InvalidFault) return 400;
  return error.statusCode ?? 500;
}
