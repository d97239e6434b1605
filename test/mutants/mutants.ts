/** One safeguard taken out of Muster, and how that must show. */
export interface Mutant {
  name: string;
  /** What Muster does without. */
  without: string;
  /** From the root. */
  file: string;
  /** Occurs exactly once in the file. */
  text: string;
  /** What stands there instead. */
  becomes: string;
  drill: string;
  /** Promises that `muster verify` must find broken in the histories of the drill. */
  breaks: readonly string[];
  /** The step of the drill that must fail, where callers are told what no history shows. */
  step?: string;
}

/** The safeguards that keep each promise. A promise without a mutant here is one whose checker nobody has seen bark. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'fence-compare',
    without: 'refusing a settlement under a fence that is not the highest',
    file: 'src/cache/scripts/settle.lua',
    text: "if held and fence < held.fence then return { 'fenced', there } end",
    becomes: '',
    drill: 'home-dies',
    breaks: ['stale-holder'],
  },
  {
    name: 'version-guard',
    without: 'comparing the versions of a facet before a change is taken over',
    file: 'src/agent/merge.ts',
    text: 'const order = ours ? compareVersions(theirs, ours) : 1;',
    becomes: 'const order = 1;',
    drill: 'bus-partition',
    breaks: ['monotonic-apply'],
  },
  {
    name: 'home-check',
    without: 'asking the home of an agent who is homed elsewhere',
    file: 'src/cache/scripts/claim.lua',
    text: 'if best.home == region or instead then',
    becomes: 'if true then',
    drill: 'bus-partition',
    breaks: ['authority', 'exclusive'],
  },
  {
    name: 'compare-and-set',
    without: 'comparing the version of a record before it is replaced',
    file: 'src/cache/scripts/commit.lua',
    text: "if version ~= ARGV[2] then return { 'conflict', there or '' } end",
    becomes: '',
    // Of two instances the slower takes back what the other has stored: a facet often, now and then a claim, too.
    drill: 'home-dies',
    breaks: ['monotonic-apply'],
  },
  {
    name: 'stale-check',
    without: 'calling an agent stale whose home has been quiet for too long',
    file: 'src/sync/watermark.ts',
    text: 'left || ageMs > staleMs ?',
    becomes: 'left || ageMs > 1e9 ?',
    drill: 'bus-partition',
    breaks: ['stale-marking'],
  },
  {
    name: 'age',
    without: 'measuring how old the word of another region is',
    file: 'src/sync/watermark.ts',
    text: 'Math.max(0, nowMs - this.#writtenMs(stamp))',
    becomes: '0',
    drill: 'bus-partition',
    breaks: ['honest-staleness', 'stale-marking'],
  },
  {
    name: 'fence-growth',
    without: 'a fence that grows with every claim',
    file: 'src/cache/scripts/claim.lua',
    text: 'math.max(next_fence, now_ms)',
    becomes: 'math.max(1, now_ms % 1000)',
    drill: 'home-dies',
    breaks: ['fence'],
  },
  {
    name: 'remembered-calls',
    without: 'remembering which agent a call has',
    file: 'src/cache/scripts/claim.lua',
    text: 'local entry = recall(calls, call)',
    becomes: 'local entry = nil',
    drill: 'home-dies',
    breaks: ['retry'],
  },
  {
    name: 'lock-times',
    without: 'a lock that lapses when its time is over',
    file: 'src/cache/scripts/claim.lua',
    text: 'fence, now_ms + tonumber(ARGV[4]), 0',
    becomes: 'fence, now_ms + 60 * tonumber(ARGV[4]), 0',
    drill: 'bus-partition',
    breaks: ['no-leak'],
  },
  {
    name: 'outbox',
    without: 'keeping events until the bus has confirmed them',
    file: 'src/sync/relay.ts',
    text: 'await bus.publish(partition, messagesOf(entries, region));',
    becomes: 'await bus.publish(partition, messagesOf(entries, region)).catch(() => {});',
    drill: 'bus-partition',
    breaks: ['delivered'],
  },
  {
    name: 'platform-word',
    without: 'ending a claim when the platform says that its call is over',
    file: 'src/routing/follow-platform.ts',
    text: 'of settlementsDue(event.facets, record.facets, telling)) {',
    becomes: 'of []) {',
    drill: 'forged-ids',
    breaks: ['convergence'],
  },
  {
    name: 'conflict-report',
    without: 'reporting that two claims met',
    file: 'src/routing/conflict.ts',
    text: 'history.conflict(conflict);',
    becomes: '',
    drill: 'total-isolation',
    breaks: ['conflicts'],
  },
  {
    name: 'proof',
    without: 'comparing what proves the id of a claim',
    file: 'src/routing/claim-ids.ts',
    text: "const isProven = this.#keys.some((key) => timingSafeEqual(Buffer.from(macOf(key, statement), 'latin1'), shown));",
    becomes: 'const isProven = shown.length > 0;',
    drill: 'forged-ids',
    breaks: [],
    step: 'Ids that are made up: no region knows them',
  },
  {
    name: 'in-stead',
    without: "refusing in a home's stead whom a claim may still hold",
    file: 'src/routing/authority.ts',
    text: 'return mayGrantInstead(facets, config.region);',
    becomes: 'return true;',
    drill: 'total-isolation',
    breaks: [],
    step: 'A claim that has lapsed here may live at home: nobody is granted in its stead',
  },
  {
    name: 'wait',
    without: 'waiting for a replica',
    file: 'src/cache/lane.ts',
    text: "node.sendCommand(['WAIT', '1', String(waitMs)])",
    becomes: 'Promise.resolve(1)',
    drill: 'late-replica',
    breaks: [],
    step: 'It confirms again and renews: nobody is told what no replica has',
  },
  {
    name: 'again-undone',
    without: 'leaving alone what another request has found again',
    file: 'src/routing/grant.ts',
    text: "const isOwn = verdict === 'granted' || attempt.unacknowledged?.version === versionBefore;",
    becomes: 'const isOwn = versionBefore !== undefined && verdict !== undefined;',
    drill: 'late-replica',
    breaks: [],
    step: 'The call asks again: that undoes nothing',
  },
  {
    name: 'lapsed-again',
    without: 'telling a call of its claim only while that holds the agent',
    file: 'src/cache/scripts/calls.lua',
    text: 'return is_running and held.lock > now_ms and held or nil',
    becomes: 'return is_running and held or nil',
    drill: 'late-replica',
    breaks: [],
    step: 'Claims lapse: each is told so at once, and nobody who asks again is given it',
  },
  {
    name: 'short-locks',
    without: 'holding a confirmed agent for longer than one who is only held',
    file: 'src/cache/scripts/settle.lua',
    text: 'local lock_ms = tonumber(ARGV[6])',
    becomes: 'local lock_ms = math.min(tonumber(ARGV[6]), 10000)',
    drill: 'refuse',
    breaks: [],
    step: 'The claims that were held are held still, under the same fences',
  },
  {
    name: 'forgetting',
    without: 'forgetting what an instance remembers of a shard that was down',
    file: 'src/serve/sync.ts',
    text: 'store.cluster.shards.onDown = () => agents.forget();',
    becomes: '',
    drill: 'master-failover',
    breaks: [],
    step: 'What a failover took is taken again from whoever tells it again',
  },
  {
    name: 'outage-list',
    without: 'telling an outage from what can never be done',
    file: 'src/sync/outage.ts',
    text: 'if (!(error instanceof Error) || depth === 0) return false;',
    becomes: 'if (depth > 0) return true;',
    drill: 'poison',
    breaks: [],
    step: 'A bad message on every partition of the bus',
  },
];
