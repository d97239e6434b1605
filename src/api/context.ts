import type { Tokens } from '../auth/tokens.ts';
import type { ConnectionsReport, RegionReport } from '../contract/operators.ts';
import type { ReadyAnswer } from '../contract/readiness.ts';
import type { Build } from '../ops/build.ts';
import type { Pushes } from '../routing/read-through/pushes.ts';
import type { Region } from '../routing/region.ts';
import type { Page } from './page/html.ts';
import type { OpenStreams } from './stream/open-streams.ts';

/** The parts of an instance that the API needs. */
export interface ApiContext {
  region: Region;
  /** The build of Muster that runs. */
  build: Build;
  /** Verifies bearer tokens. Undefined: callers are not authenticated. */
  tokens?: Tokens | undefined;
  /** Requests per second that one client may send to this instance. Undefined: no limit. */
  requestsPerSecond?: number | undefined;
  /** Accepts what platforms push. */
  pushes: Pushes;
  /** `isUnderWay` until this region's platforms have been read once after the start. */
  start: { readonly isUnderWay: boolean };
  /** The state of the region for operators, as this instance knows it. */
  report(): Promise<RegionReport>;
  /** The state of the region's platform connections. @throws ShardUnavailable */
  connections(): Promise<ConnectionsReport>;
  /** Requests a full read of the platform of a connection homed here. @throws ShardUnavailable */
  readNow(connection: string): Promise<void>;
  /** Reasons why the instance is not ready; empty when it is. */
  obstacles(): string[];
  /** Progress of the first full reads of platforms. */
  readings(): ReadyAnswer['reading'];
  /** Takes the region's next heartbeat sequence number. @throws ShardUnavailable */
  takeBeat(): Promise<number>;
}

/** What handlers work with: the parts of the instance, and those of its HTTP server. */
export interface HandlerContext extends ApiContext {
  streams: OpenStreams;
  documents: {
    /** The OpenAPI document as JSON. */
    openapi(): string;
    /** The same as an HTML page. */
    page(): Page;
  };
}
