import { describe, expect, it } from 'vitest';
import { DRILLS } from '../../drills/drills.ts';
import { demand } from '../../drills/stage/demand.ts';
import type { Drill } from '../../drills/stage/drill.ts';
import { SHORTENED } from '../../drills/stage/pace.ts';
import { play, playAll } from '../../drills/stage/play.ts';
import type { Stage } from '../../drills/stage/stage.ts';

const never = new AbortController().signal;

function options(signal = never) {
  const told: string[] = [];
  const audience = {
    opens: (name: string) => told.push(`opens ${name}`),
    begins: (name: string) => told.push(`begins ${name}`),
    ends: ({ name, ok }: { name: string; ok: boolean }) => told.push(`${ok ? 'passed' : 'failed'} ${name}`),
    closes: ({ name }: { name: string }) => told.push(`closes ${name}`),
  };
  return { pace: SHORTENED, bus: 'redis-streams' as const, audience, signal, told };
}

const telling = (run: (stage: Stage) => Promise<void>, name = 'a-drill'): Drill => ({ name, proves: 'A thing.', run });

describe('a drill', () => {
  it('passes if every step does, each reported as it happens with what it saw', async () => {
    const given = options();
    const report = await play(
      telling(async (stage) => {
        const value = await stage.step('first', (say) => {
          say('seen', 1);
          return 41;
        });
        await stage.check('second', (say) => say('sum', value + 1));
      }),
      given,
    );
    expect(report).toMatchObject({ ok: true, double_bookings: 0, refusals: {}, calls: { connected: 0 } });
    expect(report.steps).toMatchObject([
      { name: 'first', ok: true, evidence: { seen: 1 } },
      { name: 'second', ok: true, evidence: { sum: 42 } },
    ]);
    const steps = ['begins first', 'passed first', 'begins second', 'passed second'];
    expect(given.told).toEqual(['opens a-drill', ...steps, 'closes a-drill']);
  });

  it('ends at the first step that fails, which says why and what it saw until then', async () => {
    const report = await play(
      telling(async (stage) => {
        await stage.step('cut', (say) => {
          say('before', 'AVAILABLE');
          demand(false, 'it is still there');
        });
        await stage.step('never', () => undefined);
      }),
      options(),
    );
    expect(report.ok).toBe(false);
    expect(report.steps).toMatchObject([
      { name: 'cut', ok: false, evidence: { before: 'AVAILABLE', failed: 'it is still there' } },
    ]);
  });

  it('goes on after a check that fails, and fails', async () => {
    const report = await play(
      telling(async (stage) => {
        await stage.check('kept', () => Promise.reject(new Error('broken')));
        await stage.check('also judged', () => undefined);
      }),
      options(),
    );
    expect(report.steps.map(({ ok }) => ok)).toEqual([false, true]);
    expect(report.ok).toBe(false);
  });

  it('fails with a step of its own where it breaks between two, and where it has none', async () => {
    const broken = await play(
      telling(() => Promise.reject(new TypeError('x is undefined'))),
      options(),
    );
    expect(broken.steps).toMatchObject([
      { name: 'The drill itself', ok: false, evidence: { failed: 'x is undefined' } },
    ]);
    expect(
      (
        await play(
          telling(async () => {}),
          options(),
        )
      ).ok,
    ).toBe(false);
  });

  it('waits until what it sees holds, and says what it saw last where it never does', async () => {
    let looks = 0;
    const report = await play(
      telling(async (stage) => {
        await stage.step('comes', async () => {
          const look = () => {
            looks++;
            if (looks === 1) throw new Error('not there yet');
            return { looks };
          };
          const { seen } = await stage.until('a third look', look, ({ looks }) => looks === 3);
          expect(seen).toEqual({ looks: 3 });
        });
        await stage.check('holds never', () =>
          stage.until(
            'the end',
            () => ({ state: 'suspect' }),
            () => false,
            1,
          ),
        );
        await stage.check('fails for ever', () =>
          stage.until(
            'an answer',
            () => Promise.reject(new Error('refused')),
            () => true,
            1,
          ),
        );
      }),
      options(),
    );
    expect(report.steps.map(({ evidence }) => evidence.failed)).toEqual([
      undefined,
      'not within 1 ms: the end; seen last: state suspect',
      'not within 1 ms: an answer; seen last: refused',
    ]);
  });

  it('ends, and no other begins, when somebody wants it to', async () => {
    const asked = new AbortController();
    const waiting = telling((stage) =>
      stage.step('waits', async () => {
        asked.abort();
        await stage.until('for ever', () => false, Boolean, 60_000);
      }),
    );
    const report = await playAll([waiting, telling(async () => {}, 'next')], () => options(asked.signal));
    expect(report.ok).toBe(false);
    expect(report.drills).toMatchObject([{ ok: false, steps: [{ evidence: { failed: 'stopped by a signal' } }] }]);
  });
});

it('drills have different names, and say in one breath what they prove', () => {
  expect(new Set(DRILLS.map(({ name }) => name)).size).toBe(DRILLS.length);
  for (const { name, proves } of DRILLS) {
    expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(proves.length).toBeLessThan(300);
  }
});
