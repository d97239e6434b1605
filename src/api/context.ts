import type { Tokens } from '../auth/tokens.ts';
import type { ConnectionsReport, RegionReport } from '../contract/operators.ts';
import type { ReadyAnswer } from '../contract/readiness.ts';
import type { Pushes } from '../routing/read-through/pushes.ts';
import type { Region } from '../routing/region.ts';

/** What the routes are made from. */
export interface ApiContext {
  region: Region;
  /** Knows callers by their tokens; undefined where anybody may call. */
  tokens?: Tokens | undefined;
  /** How often one client may ask; undefined: as it likes. */
  requestsPerSecond?: number | undefined;
  /** Takes what platforms push. */
  pushes: Pushes;
  /** What this instance knows of the region, for operators. */
  report(): Promise<RegionReport>;
  /** What the region knows of its connections to platforms. @throws ShardUnavailable */
  connections(): Promise<ConnectionsReport>;
  /** Has the platform of a connection homed here read soon. @throws ShardUnavailable */
  readNow(connection: string): Promise<void>;
  /** What stands in the way of taking work; empty when ready. */
  obstacles(): string[];
  /** How far the first readings of platforms are. */
  readings(): ReadyAnswer['reading'];
  /** Whether it is not known here yet how the agents are. */
  isStarting(): boolean;
  /** The region's next beat. @throws ShardUnavailable */
  takeBeat(): Promise<number>;
}
