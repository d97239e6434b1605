import { type Change, comparePositions, type Header, type Message, type OnBus, type Store } from './snapshot.ts';

/*
 * What must hold. A line names it, and says what does not hold; no lines: all holds.
 *
 * At every moment, in the store that survives, whatever was broken:
 *   whole         the record is whole: header, facets, roster, queues, register of calls, ends and change stream say the same of each agent
 *   recorded      no message without its record: what the bus has of this region is in its change stream, in the same store
 *   passed        what the cursor has passed is on the bus
 *   ordered       in a partition of the bus no message of this region, heartbeats included, is before one of an earlier change
 *   applied       what the region says to have applied of another (positions, heartbeats, progress on the bus) is in its records
 *   acknowledged  what a caller was acknowledged is on record: events, claims, settlements; no agent has two calls and no call two agents
 * And once it is healed:
 *   published     every change that is this region's to publish is on the bus, with what the record says, and the cursor is at the end
 *   same          the other region has the same of each agent
 */

/** What callers were acknowledged. */
export interface Ledger {
  events: { agent: string; at: number }[];
  claims: { agent: string; call: string; fence: number; state: 'HELD' | 'CONFIRMED' }[];
  /** What no answer may say, and one did. */
  broken: string[];
}

/** What holds at every moment. */
export function judgeMoment(region: string, other: string, store: Store, bus: OnBus, ledger: Ledger): string[] {
  return [
    ...wholeRecords(region, store),
    ...recordedMessages(region, store, bus),
    ...passedIsPublished(region, store, bus),
    ...inOrder(region, store, bus),
    ...appliedAsSaid(region, other, store, bus),
    ...asAcknowledged(store, ledger),
    ...ledger.broken,
  ];
}

/** All of it, of a region whose instance has had time to catch up. */
export function judgeHealed(stores: { eu: Store; us: Store }, bus: OnBus, ledger: Ledger): string[] {
  return [
    ...judgeMoment('eu', 'us', stores.eu, bus, ledger),
    ...wholeRecords('us', stores.us),
    ...allPublished('eu', stores.eu, bus),
    ...sameInBoth(stores),
  ];
}

const RUNNING = 'HC';
const STATES: Record<string, string> = { HELD: 'H', CONFIRMED: 'C', WRAP_UP: 'W', ENDED: 'E', '-': '-' };
const CLAIMED = 1e15;
/** Between the time that a script takes as version and the position of its change: on Redis before 7 it reads the clock twice. */
const SAME_TIME_MS = 50;

function wholeRecords(region: string, store: Store): string[] {
  const said: string[] = [];
  const ids = new Set([...store.agents.keys(), ...store.facets.keys(), ...store.roster]);
  const changes = Map.groupBy(store.changes, ({ agent }) => agent);
  for (const id of ids) {
    const header = store.agents.get(id);
    if (!header) said.push(`${id} has facets or a place in the roster, and no header`);
    if (!store.facets.has(id)) said.push(`${id} has no facets`);
    if (!store.roster.has(id)) said.push(`${id} is not in the roster`);
    if (!header || !store.facets.has(id)) continue;
    said.push(...placed(id, header, store), ...noted(region, id, header, store, changes.get(id) ?? []));
  }
  for (const [key, members] of store.queues) {
    for (const id of members.keys()) if (!store.agents.has(id)) said.push(`${id} is in ${key} and has no record`);
  }
  for (const { agent, position } of store.changes) {
    if (!store.agents.has(agent)) said.push(`${agent} has the change ${position} and no record`);
  }
  return said.map((line) => `whole: ${region}: ${line}`);
}

/**
 * The agent's queues and scores, by its facets and its lock. A claim moves the agent in the queue that it was made for; in the others
 * it keeps its place until somebody looks there, or the claim is confirmed. A place that lapsed stays at the tail likewise.
 */
function placed(
  id: string,
  { voice, takenUntil, arrival, state, queue }: Header,
  { facets, queues, nowMs }: Store,
): string[] {
  const said: string[] = [];
  const { presence, profile } = facets.get(id) ?? {};
  const isFree = presence?.state === 'ON_DUTY';
  if (voice !== (isFree ? 'A' : 'B')) said.push(`${id} is ${presence?.state}, and its header says ${voice}`);
  const due = isFree ? ['global', ...(profile?.queues ?? [])].map((queue) => `queue:{main}:${queue}`) : [];
  const actual = [...queues].flatMap(([key, members]) => (members.has(id) ? [key] : []));
  if (due.sort().join() !== actual.sort().join()) said.push(`${id} is in ${actual}, and should be in ${due}`);
  for (const key of actual) {
    const score = queues.get(key)?.get(id) ?? Number.NaN;
    const claimed = CLAIMED + takenUntil;
    const isExact = takenUntil > nowMs && (state !== 'H' || key === `queue:{main}:${queue}`);
    const fits = score === claimed || (score === arrival && !isExact);
    if (!fits) said.push(`${id} has the score ${score} in ${key}, taken until ${takenUntil}, arrival ${arrival}`);
  }
  return said;
}

/** The agent's claim in the register of calls and the ends, and its latest changes in the stream. */
function noted(region: string, id: string, header: Header, store: Store, changes: Change[]): string[] {
  const said: string[] = [];
  const facetsMs = Math.floor(header.facetsVersion / 1000);
  const isNear = ({ position }: Change) => Math.abs(Number(position.split('-')[0]) - facetsMs) <= SAME_TIME_MS;
  if (!changes.some(isNear)) said.push(`${id} has facets of ${facetsMs}, and no change of that time is in the stream`);
  if (Number(changes.at(-1)?.position.split('-')[0]) > header.version / 1000 + SAME_TIME_MS) {
    said.push(`${id} has a change after the version of its record`);
  }
  const claim = changes.findLast((each) => each.claim !== undefined)?.claim;
  const [, fence, until, state, by, call, queue, , reason] = claim?.split(' ') ?? [];
  const inStream = claim && [fence, until, STATES[state ?? ''], by, call, queue, reason].join(' ');
  const encoded = [header.call, header.queue].map((text) => (text === '-' ? text : encodeURIComponent(text)));
  const onRecord = [header.fence, header.until, header.state, header.by, ...encoded, header.reason].join(' ');
  if (header.fence > 0 && inStream !== onRecord)
    said.push(`${id} has the claim ${onRecord}, and in the stream ${inStream}`);
  if (header.fence === 0 && claim !== undefined) said.push(`${id} has no claim, and in the stream ${inStream}`);
  if (header.home === region) said.push(...withMessages(id, store, changes));
  if (!RUNNING.includes(header.state)) return said;
  if (store.calls.get(header.call) !== `${id} ${header.fence}`) {
    said.push(
      `${id} has call ${header.call} under ${header.fence}, and the register says ${store.calls.get(header.call)}`,
    );
  }
  const end = store.ends.get(`${id} voice`);
  if (header.home === region && end !== header.lock)
    said.push(`${id} is locked until ${header.lock}, and its end is ${end}`);
  return said;
}

/** Each facet that this region has accepted came with a message. */
function withMessages(id: string, { facets }: Store, changes: Change[]): string[] {
  const events = new Set(changes.flatMap(({ message }) => (message === undefined ? [] : [eventIn(message)])));
  const { profile, presence } = facets.get(id) ?? {};
  return [profile, presence].flatMap((facet) =>
    facet && !events.has(facet.id) ? [`${id} has a facet of event ${facet.id}, and the stream no message of it`] : [],
  );
}

/** The event in a message as the stream holds it: key and headers in the first line, and then the value. */
function eventIn(message: string): string {
  return (JSON.parse(message.slice(message.indexOf('\n') + 1)) as { event_id: string }).event_id;
}

const ofRegion = (bus: OnBus, region: string): Message[] =>
  bus.messages.flat().filter(({ origin }) => origin?.region === region);
const isHeartbeat = ({ type }: Message): boolean => type === 'muster.region.heartbeat';

function recordedMessages(region: string, { changes, outbox }: Store, bus: OnBus): string[] {
  const known = new Set(changes.map(({ position }) => position));
  return ofRegion(bus, region).flatMap((message) => {
    const { position = '', storeId = '' } = message.origin ?? {};
    if (storeId !== outbox.id && outbox.id !== '') return [`recorded: ${region}: ${message.id} comes of another store`];
    if (isHeartbeat(message) || known.has(position)) return [];
    return [
      `recorded: ${region}: the bus has a message of ${message.key} at ${position}, and the stream has no such change`,
    ];
  });
}

const positionsOnBus = (bus: OnBus, region: string): Set<string> =>
  new Set(ofRegion(bus, region).flatMap((each) => (isHeartbeat(each) ? [] : [each.origin?.position ?? ''])));

function passedIsPublished(region: string, { changes, outbox }: Store, bus: OnBus): string[] {
  const there = positionsOnBus(bus, region);
  const passed = changes.filter((each) => each.isOurs && comparePositions(each.position, outbox.published) <= 0);
  return passed.flatMap(({ agent, position }) =>
    there.has(position) ? [] : [`passed: ${region}: ${agent} at ${position} was passed, and the bus does not have it`],
  );
}

function inOrder(region: string, { changes }: Store, bus: OnBus): string[] {
  const said: string[] = [];
  for (const messages of bus.messages) {
    const keys = new Set(messages.flatMap((each) => (isHeartbeat(each) ? [] : [each.key])));
    const due = changes.filter(({ agent, isOurs }) => isOurs && keys.has(agent));
    const seen = new Set<string>();
    // All before this one are on the bus by now; the stream is in order.
    let next = 0;
    for (const message of messages) {
      const { origin } = message;
      if (origin?.region !== region) continue;
      while (seen.has(due[next]?.position ?? '')) next++;
      const missing = due[next];
      const order = missing ? comparePositions(missing.position, origin.position) : 1;
      if (missing && (order < 0 || (order === 0 && isHeartbeat(message)))) {
        said.push(
          `ordered: ${region}: ${message.id} of ${origin.position} is before ${missing.agent} at ${missing.position}`,
        );
      }
      if (!isHeartbeat(message)) seen.add(origin.position);
    }
  }
  return said;
}

/** What is said to be applied of the other region, and of the bus, is applied. */
function appliedAsSaid(region: string, other: string, store: Store, bus: OnBus): string[] {
  const said: string[] = [];
  for (const [partition, messages] of bus.messages.entries()) {
    const position = store.positions.get(partition);
    const beat = store.beats.get(partition);
    const beatAt = messages.findIndex(
      (each) => isHeartbeat(each) && each.value.region_source === other && each.value.beat === beat,
    );
    const read = bus.read(region, partition);
    for (const [i, message] of messages.entries()) {
      if (message.origin?.region !== other || isHeartbeat(message) || isApplied(message, store)) continue;
      const by = [
        ...(position && comparePositions(message.origin.position, position) <= 0 ? [`position ${position}`] : []),
        ...(i < beatAt ? [`heartbeat ${beat}`] : []),
        ...(comparePositions(message.id, read) <= 0 ? [`progress ${read}`] : []),
      ];
      if (by.length > 0)
        said.push(`applied: ${region}: ${message.key} at ${message.id} is not applied, but ${by.join(', ')} says so`);
    }
  }
  return said;
}

function isApplied({ key, value }: Message, { facets }: Store): boolean {
  const at = facets.get(key)?.presence?.at;
  return at !== undefined && at >= value.timestamp;
}

function asAcknowledged(store: Store, { events, claims }: Ledger): string[] {
  const said: string[] = [];
  for (const { agent, at } of events) {
    const known = store.facets.get(agent)?.presence?.at;
    if (known === undefined || known < at) said.push(`the event of ${agent} at ${at} is lost; there is ${known}`);
  }
  for (const { agent, call, fence, state } of claims) {
    const { fence: there, state: now, call: holder } = store.agents.get(agent) ?? {};
    const isThere = there === fence && holder === call && RUNNING.indexOf(now ?? '') >= RUNNING.indexOf(state[0] ?? '');
    if (!isThere)
      said.push(`${call} has ${agent} (${state}, ${fence}), and the record says ${now}, ${there}, ${holder}`);
  }
  const pairs = [...new Set(claims.map(({ agent, call, fence }) => `${call} ${agent} ${fence}`))].map((each) =>
    each.split(' '),
  );
  for (const [column, who] of [
    [0, 'call'],
    [1, 'agent'],
  ] as const) {
    const names = pairs.map((pair) => pair[column]);
    const twice = names.filter((name, i) => names.indexOf(name) !== i);
    said.push(...twice.map((name) => `${who} ${name} was given twice`));
  }
  return said.map((line) => `acknowledged: ${line}`);
}

function allPublished(region: string, { changes, outbox, agents }: Store, bus: OnBus): string[] {
  const said: string[] = [];
  const there = new Map(
    ofRegion(bus, region)
      .filter((each) => !isHeartbeat(each))
      .map((each) => [each.origin?.position, each]),
  );
  for (const { agent, position, message, isOurs } of changes) {
    const published = there.get(position);
    if (isOurs && !published) said.push(`the change of ${agent} at ${position} is not on the bus`);
    if (published && published.key !== agent)
      said.push(`${position} is of ${agent}, and on the bus of ${published.key}`);
    if (message !== undefined && published && eventIn(message) !== published.value.event_id) {
      said.push(`${position} of ${agent} has another message on the bus`);
    }
  }
  for (const [id, { fence, state, home }] of agents) {
    const last = [...there.values()].findLast((each) => each.key === id && each.value.claim);
    const claim = last && `${last.value.claim.fence} ${STATES[last.value.claim.state]}`;
    if (home === region && fence > 0 && claim !== `${fence} ${state}`)
      said.push(`${id} has ${fence} ${state}, and on the bus ${claim}`);
  }
  const latest = changes.at(-1)?.position ?? '0-0';
  if (comparePositions(outbox.published, latest) < 0)
    said.push(`the cursor is at ${outbox.published}, the end at ${latest}`);
  else if (outbox.passed - outbox.trimmed !== changes.length)
    said.push(`${changes.length} changes, and ${outbox.passed} passed`);
  return said.map((line) => `published: ${region}: ${line}`);
}

function sameInBoth({ eu, us }: { eu: Store; us: Store }): string[] {
  const said: string[] = [];
  for (const id of new Set([...eu.agents.keys(), ...us.agents.keys()])) {
    const [here, there] = [eu, us].map((store) => {
      const { fence, state, until, call, queue, reason } = store.agents.get(id) ?? {};
      return JSON.stringify([store.facets.get(id), fence, state, until, call, queue, reason]);
    });
    if (here !== there) said.push(`same: ${id} is in eu ${here}, in us ${there}`);
  }
  return said;
}
