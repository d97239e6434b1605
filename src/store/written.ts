/**
 * Whether what was written outlives its master: a replica has acknowledged it, none has in time, or the config says that
 * there is none. What happens to be connected does not count: a cut link must not pass for a cluster without replicas.
 */
export type Durability = 'acknowledged' | 'not-acknowledged' | 'no-replica-configured';

/** What is made of a write, one by one; none can be left out. */
interface Cases<T, R> {
  acknowledged(value: T): R;
  /** A failover may take it, or may not: whoever is told so may ask again. */
  notAcknowledged(value: T): R;
  noReplicaConfigured(value: T): R;
}

/** What a write of the region's store returns. There is no way to its value past its durability. */
export class Written<T> {
  readonly #value: T;
  readonly #durability: Durability;

  constructor(value: T, durability: Durability) {
    this.#value = value;
    this.#durability = durability;
  }

  match<R>({ acknowledged, notAcknowledged, noReplicaConfigured }: Cases<T, R>): R {
    if (this.#durability === 'acknowledged') return acknowledged(this.#value);
    return this.#durability === 'not-acknowledged' ? notAcknowledged(this.#value) : noReplicaConfigured(this.#value);
  }

  /** The same with another value, as durable as this one. */
  map<U>(change: (value: T) => U): Written<U> {
    return new Written(change(this.#value), this.#durability);
  }

  /** The value of a write that a failover may take without harm; whoever calls this says why none is done. */
  evenIfLost(): T {
    return this.#value;
  }
}

/** What the config makes of a claim, an event, a settlement that no replica has acknowledged. */
export type Replication = 'grant' | 'refuse';

interface Tellable<T> {
  value: T;
  /** Whether a replica has it; else a failover could forget it. */
  replicated: boolean;
}

/**
 * What a caller may be told of a write: its value, and whether a replica has it.
 * @throws NotReplicated where none has, and `replication` refuses to tell of that
 */
export function tellable<T>(written: Written<T>, replication: Replication): Tellable<T> {
  return written.match<Tellable<T>>({
    acknowledged: (value) => ({ value, replicated: true }),
    noReplicaConfigured: (value) => ({ value, replicated: false }),
    notAcknowledged: (value) => {
      if (replication === 'refuse') throw new NotReplicated();
      return { value, replicated: false };
    },
  });
}

/** Whether a caller may be told of a write, see {@link tellable}. */
export function isTellable(written: Written<unknown>, replication: Replication): boolean {
  return written.match({
    acknowledged: () => true,
    noReplicaConfigured: () => true,
    notAcknowledged: () => replication === 'grant',
  });
}

/** Whether a failover may take a write, although there is meant to be a replica. */
export const mayBeLost = (written: Written<unknown>): boolean => !isTellable(written, 'refuse');

/** No replica has acknowledged a write: whether it stands is unknown. A claim that ends so is released if nothing else has changed its record. */
export class NotReplicated extends Error {
  override name = 'NotReplicated';
  constructor() {
    super('no replica has acknowledged it: it may stand, or a failover may take it; ask again, that is safe');
  }
}
