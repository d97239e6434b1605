import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Timers } from './timers.ts';
import type { Witness } from './witness.ts';

/** The types in which platforms differ. */
export interface PlatformTypes {
  send: object;
  answer: { accepted: boolean };
  state: object;
  user: object;
  /** Changes of a user that can be made from outside. */
  change: object;
  faults: object;
  /** Changes of faults, and actions that happen once. */
  faultChanges: object;
  credentials: object;
}

/** The controls of every simulator, for its operator: a test, or the world it is part of. */
export interface Controls<Own extends PlatformTypes> {
  /** Sends an interaction to an agent, as a call flow or a script does. @throws NotFound */
  send(send: Own['send']): Own['answer'];
  state(): Own['state'];
  /** The true state of one agent. @throws NotFound */
  user(userId: string): Own['user'];
  /** Sets an agent's state; it stays so until they get work or are set again. @throws NotFound @throws InvalidSetting */
  setUser(userId: string, change: Own['change']): Own['user'];
  /** Removes a user, as an administrator does. @throws NotFound */
  deleteUser(userId: string): void;
  /** Lets running interactions end and nothing new begin. */
  pause(): void;
  resume(): void;
  /** Customers who have been answered hang up now. */
  hangUp(): void;
  /** Changes the faults that are named; answers all of them. @throws InvalidSetting */
  faults(changes: Partial<Own['faultChanges']>): Own['faults'];
}

/** A running simulator, beside its controls. */
export interface Running<Credentials> {
  /** Address of login and API, e.g. `http://127.0.0.1:8100`. */
  readonly url: string;
  readonly credentials: Credentials;
  stop(): Promise<void>;
}

/** The parts that starting and stopping are about. */
interface Parts {
  app: FastifyInstance;
  timers: Timers;
  /** Starts the agents' day. */
  startLife(): void;
  /** Closes what the HTTP server does not. */
  stop?(): void;
  /** The time within which a change is reported, in ms; null if it may be lost. */
  lagMs: number | null;
}

interface Options<Credentials> {
  port: number;
  credentials: Credentials;
  paused: boolean;
  witness: Witness;
}

/**
 * Starts a simulator: resolves once it listens and its agents begin their day.
 * @param controlRoutes the routes under `/simulator`
 */
export async function startSimulator<Given extends { pause(): void }, Credentials>(
  { app, timers, startLife, stop, lagMs }: Parts,
  { port, credentials, paused, witness }: Options<Credentials>,
  controls: Given,
  controlRoutes: (routes: FastifyInstance, controls: Given) => void,
): Promise<Given & Running<Credentials>> {
  app.register(async (routes) => controlRoutes(routes, controls), { prefix: '/simulator' });
  witness.notifies(lagMs);
  await app.listen({ host: '127.0.0.1', port });
  if (paused) controls.pause();
  startLife();
  return {
    ...controls,
    url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`,
    credentials,
    async stop() {
      timers.stop();
      stop?.();
      await app.close();
    },
  };
}
