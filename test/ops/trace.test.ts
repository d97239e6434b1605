import { expect, it } from 'vitest';
import { currentTrace, readTrace, traceHeaders, withTrace } from '../../src/ops/trace.ts';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${ID}-00f067aa0ba902b7-01`;

it('is forwarded unchanged, with its tracestate', () => {
  const trace = readTrace(PARENT, 'rojo=00f067aa0ba902b7,congo@t61=t61rcWkgMzE', 'r');
  expect(trace).toEqual({
    id: ID,
    traceparent: PARENT,
    tracestate: 'rojo=00f067aa0ba902b7,congo@t61=t61rcWkgMzE',
    requestId: 'r',
  });
});

it('of a later version is forwarded as one of this version', () => {
  expect(readTrace(`cc-${ID}-00f067aa0ba902b7-01-more`, undefined, 'r').traceparent).toBe(PARENT);
});

it.each([
  ['nothing', undefined],
  ['a trace of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ['a parent of zeros', `00-${ID}-${'0'.repeat(16)}-01`],
  ['a version that there is not', `ff-${ID}-00f067aa0ba902b7-01`],
  ['more than its version has', `${PARENT}-more`],
  ['capital letters', PARENT.toUpperCase()],
  ['two of them', `${PARENT}, ${PARENT}`],
])('begins here where there is %s, and takes nothing over', (_, traceparent) => {
  const trace = readTrace(traceparent, 'rojo=1', 'r');
  expect(trace.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(trace.traceparent).toContain(trace.id);
  expect(trace.id).not.toBe(ID);
  expect(trace.tracestate).toBeUndefined();
});

it.each(['', '=1', 'a', 'a=1,b', `a=${'x'.repeat(600)}`, 'Ä=1', Array(33).fill('a=1').join(',')])(
  'goes without the state %j',
  (state) => {
    expect(readTrace(PARENT, state, 'r').tracestate).toBeUndefined();
  },
);

it('covers all work that a request starts and waits for, and nothing else', async () => {
  const trace = readTrace(PARENT, 'rojo=1', 'r');
  const later = withTrace(trace, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return traceHeaders();
  });
  expect(currentTrace()).toBeUndefined();
  expect(traceHeaders()).toEqual({});
  expect(await later).toEqual({ traceparent: PARENT, tracestate: 'rojo=1' });
});
