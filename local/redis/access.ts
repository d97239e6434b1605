/** Who Muster is in the Redis of the local world and of tests: a user with the least it can work with, and no secret. */
export const LOCAL_USER = { username: 'muster', password: 'muster' };

/** What makes a `redis-server` know that user. */
export function aclArguments(rules: string[]): string[] {
  return ['--user', LOCAL_USER.username, 'on', `>${LOCAL_USER.password}`, ...rules];
}
