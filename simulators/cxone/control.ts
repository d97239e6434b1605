import type { FastifyInstance } from 'fastify';
import { controlRoutes, word } from '../kit/control-routes.ts';
import { AGENT_STATE_IDS } from './dictionaries.ts';
import { MEDIA_WORDS } from './ground-truth.ts';
import type { CxoneControls } from './interface.ts';
import type { Switches } from './switches.ts';

const SCHEMAS = {
  mediaTypes: Object.keys(MEDIA_WORDS),
  user: {
    agentStateId: { enum: AGENT_STATE_IDS },
    outStateId: { type: 'integer' },
    isActive: { type: 'boolean' },
  },
} as const;

const HOLD = { type: 'object', required: ['isHeld'], properties: { isHeld: { type: 'boolean' } } } as const;
const TRANSFER = { type: 'object', required: ['userId'], properties: { userId: word } } as const;

/** `/simulator`: the controls over HTTP. */
export function cxoneControlRoutes(app: FastifyInstance, controls: CxoneControls): void {
  controlRoutes(app, controls, SCHEMAS);
  app.get('/state', async () => ({ ...controls.state(), versions: controls.versions() }));
  app.get('/users', async () => controls.users());
  app.post<{ Params: { id: number }; Body: { isHeld: boolean } }>(
    '/contacts/:id/hold',
    { schema: { body: HOLD } },
    async ({ params, body }, reply) => {
      controls.hold(Number(params.id), body.isHeld);
      return reply.code(204).send();
    },
  );
  app.post<{ Params: { id: number }; Body: { userId: string } }>(
    '/contacts/:id/transfer',
    { schema: { body: TRANSFER } },
    async ({ params, body }, reply) => {
      controls.transfer(Number(params.id), body.userId);
      return reply.code(204).send();
    },
  );
  app.get('/switches', async () => controls.switches({}));
  app.post<{ Body: Partial<Switches> | null }>('/switches', async ({ body }) => controls.switches(body ?? {}));
}
