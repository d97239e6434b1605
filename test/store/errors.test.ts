import { describe, expect, it } from 'vitest';
import { slotOf } from '../../src/store/record/record.ts';
import { isPassing, refusalOf } from '../../src/store/replies.ts';

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
const SHA = 'bd6f3018b28bbdb36260f19d3c44afed740db987';

describe('a refusal of the store', () => {
  it.each([
    [OOM, 'OOM', false],
    [`${OOM} script: ${SHA}, on @user_script:1.`, 'OOM', false],
    // So says Redis 6.2 of a command within a script.
    [`ERR Error running script (call to f_${SHA}): @user_script:4: @user_script: 4: -${OOM}`, 'OOM', false],
    [
      `ERR Error running script (call to f_${SHA}): @user_script:4: @user_script: 4: The user executing the script can't run this command or subcommand`,
      'NOPERM',
      false,
    ],
    ['MISCONF Redis is configured to save RDB snapshots, but cannot. Commands are disabled.', 'MISCONF', false],
    ['NOREPLICAS Not enough good replicas to write.', 'NOREPLICAS', true],
    ["READONLY You can't write against a read only replica.", 'READONLY', true],
    ['LOADING Redis is loading the dataset in memory', 'LOADING', true],
    ['NOAUTH Authentication required.', 'NOAUTH', false],
    ["NOPERM this user has no permissions to run the 'set' command", 'NOPERM', false],
    [`ERR The user executing the script can't run this command or subcommand script: ${SHA}`, 'NOPERM', false],
    ['ERR ACL failure in script: User muster has no permissions to run the xadd command', 'NOPERM', false],
    ['ERR WAIT cannot be used with replica instances. Please also note that …', 'READONLY', true],
  ])('is seen in "%s"', (message, code, passes) => {
    const refusal = refusalOf(new Error(message));
    expect(refusal).toMatchObject({ code, lasts: !passes });
    expect(refusal?.said).not.toMatch(/script:|\.$/);
    expect(isPassing(new Error(message))).toBe(passes);
  });

  it.each([
    `ERR ACL failure in script: User muster has no permissions to run the 'hset' command script: ${SHA}, on @user_script:1.`,
    "ERR ACL failure in script: User muster has no permissions to run the 'hset' command",
  ])('says who may not do what, by "%s"', (message) => {
    expect(refusalOf(new Error(message))?.said).toBe("User muster has no permissions to run the 'hset' command");
  });

  it.each(['ERR syntax error', 'WRONGTYPE Operation against a key', 'MOVED 1 a:1', 'Socket closed unexpectedly'])(
    'is not seen in "%s"',
    (message) => {
      expect(refusalOf(new Error(message))).toBeUndefined();
    },
  );
});

it.each([
  ['123456789', 12_739],
  ['agents:{main}', slotOf('main')],
  ['foo{}{bar}', 8363],
  ['foo{bar}{zap}', slotOf('bar')],
])('the slot of %s is %i', (key, slot) => {
  expect(slotOf(key)).toBe(slot);
});
