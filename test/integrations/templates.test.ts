import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACTIONS, AUTH_ACTION } from '../../integrations/genesys-cloud/source/actions.ts';
import { type Habit, Velocity, velocityOrSkip } from '../fixtures/velocity.ts';
import { inputsOf, readAction } from './data-action.ts';

/** What a flow can give, by what is nasty about it; undefined is an input that was never set. */
const GIVEN: Record<string, string | undefined> = {
  'an input that is not set': undefined,
  'empty text': '',
  'plain text': 'billing:60,refunds',
  'quotes and backslashes': `says "hello" and 'bye', C:\\new\\"x"\\`,
  lines: 'one\ntwo\r\nthree\ttab\fform\bback\u2028separator\u0085',
  'control characters': Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join(''),
  emoji: 'family 👨‍👩‍👧, clef 𝄞, flag 🇪🇺',
  'letters of many scripts': 'español, Ελληνικά, 中文, العربية, e\u0301',
  references: `$ $x \${x} $!{input.queue} \${input.queue} \\$x $5.00 $$ \${`,
  'calls of macros': `$esc.jsonString("x") $!esc.jsonString($y) \${esc.jsonString(z)}`,
  directives: '#if(true)x#end #set($a = 1) #parse("x") ## comment #* block *# #[[raw]]# #',
  JSON: '{"queue": "other", "a": [1, null]}',
  'what ends the text': `"}, {"queue": "other`,
  'ten kilobytes': 'x"\\😀$#'.repeat(1250),
  'a word of JSON': 'null',
};

/** Every way in which the platform's engine may differ from what is known of it. */
const HABITS: Habit[][] = [
  ['nothing'],
  ['empty'],
  ['throws'],
  ['strict', 'throws'],
  ['raw', 'empty'],
  ['raw', 'strict'],
];

let velocity: Velocity;

velocityOrSkip('templates, as Apache Velocity renders them', () => {
  beforeAll(() => {
    velocity = new Velocity();
  });
  afterAll(() => velocity.stop());

  describe.each(ACTIONS)('of the action "$name"', ({ file, inputs, fixed, outputs }) => {
    const { request, response } = readAction(file).config;

    it.each(Object.entries(GIVEN))('ask for just what the flow gives: %s', async (_what, given) => {
      const values = inputsOf(Object.fromEntries(inputs.map(({ name }) => [name, given])));
      const sent = { ...Object.fromEntries(inputs.map(({ name }) => [name, given ?? ''])), ...fixed };
      for (const habits of HABITS) {
        const body = await velocity.render(request.requestTemplate, values, habits);
        expect(JSON.parse(body), habits.join()).toEqual(sent);
      }
    });

    it('ask where the flow sets nothing at all', async () => {
      for (const habits of HABITS) {
        const body = JSON.parse(await velocity.render(request.requestTemplate, {}, habits));
        expect(body).toEqual({ ...Object.fromEntries(inputs.map(({ name }) => [name, ''])), ...fixed });
      }
    });

    it.each(Object.entries(GIVEN))('give the flow just what was answered: %s', async (_what, given = '') => {
      const answer = Object.fromEntries(outputs.map(({ name, type }) => [name, type === 'string' ? given : 1]));
      const values = Object.entries(answer).map(([name, value]) => [name, JSON.stringify(value)]);
      for (const habits of HABITS) {
        const output = await velocity.render(response.successTemplate, Object.fromEntries(values), habits);
        expect(JSON.parse(output)).toEqual(answer);
      }
    });

    it('send the token that the issuer gave', async () => {
      const token = { 'authResponse.token_type': 'Bearer', 'authResponse.access_token': 'eyJ.a-b_c.~+/=' };
      for (const habits of HABITS) {
        const header = await velocity.render(request.headers.Authorization ?? '', token, habits);
        expect(header).toBe('Bearer eyJ.a-b_c.~+/=');
      }
    });
  });

  it('ask the issuer with whatever the secret is', async () => {
    const credentials = { 'credentials.clientId': 'muster', 'credentials.clientSecret': 'a$b#c"d\\é 😀' };
    const header = await velocity.render(AUTH_ACTION.headers.Authorization, credentials);
    expect(Buffer.from(header.replace('Basic ', ''), 'base64').toString()).toBe('muster:a$b#c"d\\é 😀');
  });

  it.each([
    ['a macro within braces, its argument without a dollar', `"\${esc.jsonString(input.queue)}"`, /Encountered/],
    ['an unset input as a macro’s argument', `"$esc.jsonString(\${input.queue})"`, /jsonString of nothing/],
  ])('would be refused here if they were wrong: %s', async (_what, template, why) => {
    await expect(velocity.render(template, {}, ['throws'])).rejects.toThrow(why);
  });
});
