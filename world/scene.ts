import { join } from 'node:path';
import { HARD, OTHER } from '@muster/simulators/genesys/customs';
import type { Habits } from '@muster/simulators/genesys/options';
import type { BusDriver, LocalBus } from './bus/bus.ts';
import { LocalKafkaBus } from './bus/kafka.ts';
import { LocalRedisStreams } from './bus/redis-streams.ts';
import type { CallersLedger } from './callers/callers-ledger.ts';
import type { LocalConnection } from './platforms/connection.ts';
import { CxoneConnection } from './platforms/cxone-connection.ts';
import { GenesysConnection } from './platforms/genesys-connection.ts';
import { Instance } from './region/instance.ts';
import { LocalRegion } from './region/region.ts';
import type { WorldHistory } from './reports/world-history.ts';
import { Credentials, writeClaimKey } from './tools/credentials.ts';
import { HostClock } from './tools/host-clock.ts';
import type { Http } from './tools/http.ts';
import { freePort, takePort } from './tools/ports.ts';
import { latencyBetween, type WeatherKind } from './weather/figures.ts';
import { BUS, type Route, Weather } from './weather/weather.ts';
import type { PlatformsKind } from './world-options.ts';

/** The regions of the local world, their preferred ports, and the connections homed there. */
const SCENE = [
  { region: 'us-east-1', port: 7401, place: 'us', platform: 'genesys', customs: HARD, utilization: false },
  { region: 'eu-west-1', port: 7402, place: 'eu', platform: 'genesys', customs: OTHER, utilization: true },
  { region: 'ap-southeast-1', port: 7403, place: 'ap', platform: 'cxone', customs: HARD, utilization: false },
] as const;

const PLATFORMS = { genesys: GenesysConnection, cxone: CxoneConnection };

/** The region of the event bus. */
const BUS_REGION = 'eu-west-1';

/** Distance of the organisations' seeds, so that no two agents share one. */
const SEED_STEP = 1_000_003;

interface RegionPlan {
  instancesPerRegion: number;
  clockOffsetsMs: Record<string, number>;
  stoppable: readonly string[];
  auth: boolean;
}

/**
 * The regions, none of them started, in `dir`.
 * @param http gets tokens for them, if they need tokens
 * @param history of the world, if one is kept
 */
export function planRegions(plan: RegionPlan, dir: string, http: Http, history?: WorldHistory): Promise<LocalRegion[]> {
  const names = SCENE.map(({ region }) => region);
  writeClaimKey(dir);
  const credentials = plan.auth ? new Credentials(dir, names) : undefined;
  return Promise.all(
    SCENE.map(async ({ region, port }) => {
      const place = async (number: number): Promise<Instance> => {
        const taken = number > 1 || !(await takePort(port));
        const name = `${region}-${number}`;
        const instance = new Instance({
          name,
          port: taken ? await freePort() : port,
          dir,
          history: history !== undefined,
          clockOffsetMs: plan.clockOffsetsMs[region] ?? 0,
          hostClock: plan.stoppable.includes(region) ? await HostClock.build(dir, name) : undefined,
          watch: { began: () => history?.began(region, name), ended: () => history?.ended(region, name) },
          http,
        });
        if (credentials) http.show(instance.url, () => credentials.token());
        return instance;
      };
      const others = Array.from({ length: plan.instancesPerRegion - 1 }, (_, at) => place(at + 2));
      return new LocalRegion(region, [await place(1), ...(await Promise.all(others))], dir, credentials);
    }),
  );
}

interface ConnectionPlan {
  agents: number;
  seed: number;
  habits: Partial<Habits>;
  platforms: PlatformsKind;
}

/** The connections, none of them started; agents are distributed evenly. @param history of the world, and the callers' */
export function planConnections(
  plan: ConnectionPlan,
  ledger: CallersLedger,
  history?: WorldHistory,
): LocalConnection[] {
  const { agents, seed, habits, platforms } = plan;
  return SCENE.map(({ region, place, platform: usual, customs, utilization }, at) => {
    const platform = platforms === 'both' ? usual : platforms;
    const name = `${platform}-${place}`;
    const share = Math.floor((agents + SCENE.length - 1 - at) / SCENE.length);
    const witness = history?.witness(name, ledger);
    const options = {
      name,
      home: region,
      agents: share,
      seed: seed + at * SEED_STEP,
      habits,
      customs,
      utilization,
      witness,
    };
    return new PLATFORMS[platform](options);
  });
}

/** The bus, not started, with its own folder in `dir`. */
export async function planBus(driver: BusDriver, dir: string): Promise<LocalBus> {
  const place = join(dir, BUS);
  if (driver === 'redis-streams') return new LocalRedisStreams(place, await freePort());
  return new LocalKafkaBus(
    place,
    SCENE.map(({ region }) => region),
  );
}

interface Ends {
  regions: readonly LocalRegion[];
  connections: readonly LocalConnection[];
  bus: LocalBus;
}

/** All links, none of them open. Each platform is near the home of its connection. */
export function planWeather(kind: WeatherKind, { regions, connections, bus }: Ends): Weather {
  const routes = regions.flatMap(({ name: region }): Route[] => [
    { region, to: BUS, target: () => bus.port(region), usual: latencyBetween(kind, region, BUS_REGION) },
    ...regions
      .filter(({ name }) => name !== region)
      .map((other) => ({
        region,
        to: other.name,
        target: () => other.port(),
        usual: latencyBetween(kind, region, other.name),
      })),
    ...connections.map((connection) => ({
      region,
      to: connection.name,
      target: () => Number(new URL(connection.url).port),
      usual: latencyBetween(kind, region, connection.home, true),
    })),
  ]);
  return new Weather(routes);
}
