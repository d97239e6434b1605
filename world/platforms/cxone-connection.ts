import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { type Habits as CxoneHabits, HABITS } from '@muster/simulators/cxone/options';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import type { Habits } from '@muster/simulators/genesys/options';
import { NO_WITNESS, type Witness } from '@muster/simulators/kit/witness';
import type { Media } from '../../src/agent/facets.ts';
import type { Http } from '../tools/http.ts';
import { LocalConnection, type Sent, type SentAnswer } from './connection.ts';
import type { Organisation, PlatformQueue } from './organisation.ts';
import { STUDIO_SCRIPT } from './scripts.ts';
import { type Truth, truthOfCxone } from './truth.ts';

const SIMULATED_LIMIT = 100_000;
const REQUESTS_PER_MINUTE = 280;
/** The shortest interval: a simulated business unit needs no protection. */
const POLL_INTERVAL_MS = 2_000;
/** Handling time of other contacts, as a multiple of a call's. */
const WRITING_TAKES = 2;

/** CXone's media types, by the word in a sent interaction. */
const MEDIA: Record<number, { media: Media; word: 'call' | 'chat' | 'email' | 'message' }> = {
  1: { media: 'email', word: 'email' },
  3: { media: 'chat', word: 'chat' },
  4: { media: 'voice', word: 'call' },
  9: { media: 'message', word: 'message' },
};

/** A simulated NICE CXone business unit. */
export class CxoneConnection extends LocalConnection<CxoneSimulator> {
  readonly platform = 'NICE CXone';
  readonly script = STUDIO_SCRIPT;

  protected async simulate(): Promise<CxoneSimulator> {
    const { agents, seed, habits, witness = NO_WITNESS } = this.options;
    return startCxoneSimulator({
      agents,
      seed,
      habits: habitsOf(habits),
      requestsPerMinute: SIMULATED_LIMIT,
      witness: polled(witness),
    });
  }

  protected read(simulator: CxoneSimulator, http: Http): Promise<Organisation> {
    return readBusinessUnit(simulator, http);
  }

  /** Ids here of calls that come from other platforms. */
  settings(url: string): object {
    return {
      platform: 'cxone',
      home: this.home,
      issuerUrl: url,
      ...this.simulator.credentials,
      pollIntervalMs: POLL_INTERVAL_MS,
      requestsPerMinute: REQUESTS_PER_MINUTE,
      claimsBy: 'agent',
    };
  }

  send({ conversationId, userId, media = 'voice' }: Sent): SentAnswer {
    const { word = 'call' } = Object.values(MEDIA).find((each) => each.media === media) ?? {};
    return this.simulator.send({ conversationId, userId, mediaType: word });
  }

  truth(userId: string): Truth {
    return truthOfCxone(this.simulator.user(userId));
  }
}

/** A change is known after the next poll. */
function polled(witness: Witness): Witness {
  const notifies = (withinMs: number | null) =>
    witness.notifies(withinMs === null ? null : withinMs + POLL_INTERVAL_MS);
  return { ...witness, notifies };
}

/** The given habits that agents of CXone have. */
function habitsOf({ alertTimeoutMs, notRespondingMs, ...habits }: Partial<Habits>): Partial<CxoneHabits> {
  return {
    ...Object.fromEntries(Object.entries(habits).filter(([name]) => name in HABITS)),
    ...(habits.talkMs !== undefined && { digitalMs: WRITING_TAKES * habits.talkMs }),
    ...(alertTimeoutMs !== undefined && { refusalTimeoutMs: alertTimeoutMs }),
    ...(notRespondingMs !== undefined && { refusedMs: notRespondingMs }),
  };
}

interface SkillPage {
  skills: { skillId: number; skillName: string; mediaTypeId: number }[];
}

/** @throws Error if the simulator refuses */
async function readBusinessUnit(simulator: CxoneSimulator, http: Http): Promise<Organisation> {
  const headers = { authorization: `Bearer ${await logIn(simulator)}`, accept: 'application/json' };
  const { skills } = await http.read<SkillPage>(
    `${simulator.url}/incontactapi/services/v34.0/skills?top=1000`,
    headers,
  );
  const queues = skills.flatMap(({ skillId, skillName, mediaTypeId }): PlatformQueue[] => {
    const media = MEDIA[mediaTypeId]?.media;
    return media ? [{ id: String(skillId), name: skillName, media }] : [];
  });
  return {
    queues,
    skills: queues.flatMap(({ name, media }) => (media === 'voice' ? [name] : [])),
    userIds: simulator.users().map(({ id }) => id),
  };
}

async function logIn({ url, credentials }: CxoneSimulator): Promise<string> {
  const { clientId, clientSecret, accessKeyId, accessKeySecret } = credentials;
  const response = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'password', username: accessKeyId, password: accessKeySecret }),
  });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token) throw new Error(`the simulator at ${url} gave no token`);
  return access_token;
}
