import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { Refusal } from '../../src/routing/refusal.ts';
import { retryDuringFailover } from '../../src/routing/region.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { NotReplicated } from '../../src/store/written.ts';

const PATIENT_MS = 30_000;
const ended = new Refusal('claim_ended', 'it is over');

/** Meets these errors in turn, and then succeeds. */
function meeting(...errors: Error[]): () => Promise<string> {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
}

describe('while its time lasts a request', () => {
  it('is tried again where a shard is away, or no replica has what it wrote', async () => {
    const work = meeting(new ShardUnavailable('away'), new NotReplicated());
    await expect(retryDuringFailover(systemClock, PATIENT_MS, work)).resolves.toBe('done');
  });

  it('is refused as it was', async () => {
    const work = meeting(new ShardUnavailable('away'), ended);
    await expect(retryDuringFailover(systemClock, PATIENT_MS, work)).rejects.toBe(ended);
  });

  it('is never refused for what may follow from its own write: that is unknown', async () => {
    const work = meeting(new NotReplicated(), ended);
    await expect(retryDuringFailover(systemClock, PATIENT_MS, work)).rejects.toThrow(NotReplicated);
  });

  it('gives up when the time is over', async () => {
    await expect(retryDuringFailover(systemClock, 0, meeting(new NotReplicated()))).rejects.toThrow(NotReplicated);
  });
});
