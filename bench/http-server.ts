import { fastify } from 'fastify';
import { loadConfig } from '../src/config/load.ts';
import { startInstance } from '../src/serve/instance.ts';
import { Floor } from './floor.ts';

/**
 * One HTTP server as a process: `node bench/http-server.ts muster|bare CONFIG`. It sends its URL to its parent, and ends
 * with it.
 */
const SERVERS: Record<string, (configFile: string) => Promise<string>> = {
  muster: async (configFile) => (await startInstance({ config: await loadConfig(configFile) })).url,
  bare: async (configFile) => {
    const floor = await Floor.connect({ nodes: (await loadConfig(configFile)).redis.nodes });
    const server = fastify();
    server.post('/v1/claims', async (_, reply) => {
      await floor.write('http');
      return reply.status(201).send({ agent_id: 'anybody' });
    });
    return server.listen({ host: '127.0.0.1', port: 0 });
  },
};

const [, , name = '', configFile = ''] = process.argv;
const start = SERVERS[name];
if (!start) throw new Error(`there is no server "${name}"`);
process.once('disconnect', () => process.exit());
process.send?.(await start(configFile));
