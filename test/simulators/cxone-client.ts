import type { CxoneSimulator } from '@muster/simulators/cxone/interface';

// biome-ignore lint/suspicious/noExplicitAny: the tests are what says which fields a body has
type Body = any;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Body;
}

/** Agents who are at work at once, answer every contact quickly, and never leave by themselves. */
export const BRISK = {
  loginWithinMs: 0,
  loggedInMs: 0,
  signInMs: 0,
  answerFromMs: 5,
  answerToMs: 20,
  refusalTimeoutMs: 50,
  talkMs: 40,
  digitalMs: 40,
  wrapUpMs: 40,
  breakMs: 50,
  shiftGapMs: 50,
  refusedMs: 60,
  absentAtStart: 0,
  missesCall: 0,
  takesBreak: 0,
  endsShift: 0,
};

/** The API shows every change at once. */
export const NO_LAG = { lagFromMs: 0, lagToMs: 0 };

/** A client of the simulator over plain HTTP, as an integrator would write one. */
export class CxoneClient {
  readonly url: string;
  version = 'v34.0';
  token = '';

  constructor(url: string) {
    this.url = url;
  }

  static async login(simulator: CxoneSimulator): Promise<CxoneClient> {
    const client = new CxoneClient(simulator.url);
    const { clientId, clientSecret, accessKeyId, accessKeySecret } = simulator.credentials;
    const { body } = await client.requestToken(
      { username: accessKeyId, password: accessKeySecret },
      basic(clientId, clientSecret),
    );
    client.token = String(body.access_token);
    return client;
  }

  /** The form is percent-encoded; `authorization` is left out where it is empty. */
  requestToken(form: Record<string, string>, authorization: string): Promise<Answer> {
    const headers: Record<string, string> = authorization ? { authorization } : {};
    const body = new URLSearchParams({ grant_type: 'password', ...form });
    return this.ask('/auth/token', { method: 'POST', headers, body });
  }

  /** A read of the API, by its path below the version. */
  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(`/incontactapi/services/${this.version}${path}`, {
      headers: { accept: 'application/json', authorization: `Bearer ${this.token}`, ...headers },
    });
  }

  /** The hand of whoever runs the world. */
  control(method: string, path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = body ? { 'content-type': 'application/json' } : {};
    return this.ask(`/simulator${path}`, { method, headers, body: body && JSON.stringify(body) });
  }

  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const { status, headers, ...response } = await asked(this.url + path, init);
    return { status, headers, ...response };
  }
}

async function asked(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

/** Undefined where the text is not JSON. */
function parsed(text: string): Body {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}
