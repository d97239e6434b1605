import type { FastifyInstance, FastifyRequest } from 'fastify';
import { oneOf, type Query } from '../kit/query.ts';
import { type Channel, type Channels, MAX_TOPICS } from './channels.ts';
import { badRequest, notFound } from './errors.ts';
import { tokenOf } from './guard.ts';
import type { TopicReading, Topics } from './topics.ts';

interface Subscription {
  Params: { id: string };
  Querystring: Query;
  Body: { id: string }[] | null;
}

/** `/api/v2/notifications/channels`: channels and their topics. Sockets have the address that the request used. */
export function notificationRoutes(api: FastifyInstance, channels: Channels, topics: Topics): void {
  const bodyOf = ({ id, expiresMs }: Channel, { host }: FastifyRequest) => ({
    connectUri: `ws://${host}/channels/${id}`,
    id,
    expires: new Date(expiresMs).toISOString(),
  });

  api.post('/notifications/channels', async (request) => bodyOf(channels.create(tokenOf(request)), request));

  api.get<{ Querystring: Query }>('/notifications/channels', async (request) => {
    const everything = oneOf(request.query.includechannels) === 'oauthclient';
    const own = (channel: Channel) => channel.token === tokenOf(request);
    const listed = channels.all.filter((channel) => everything || own(channel));
    // The id of a channel is its credential, so ids of other tokens' channels are left out.
    return {
      entities: listed.map((channel) => {
        const body = bodyOf(channel, request);
        return own(channel) ? body : { expires: body.expires };
      }),
    };
  });

  api.head<{ Params: { id: string } }>('/notifications/channels/:id', async (request, reply) => {
    channelOf(channels, request.params.id);
    return reply.send();
  });

  const path = '/notifications/channels/:id/subscriptions';

  api.get<{ Params: { id: string } }>(path, async ({ params }) => {
    const channel = channelOf(channels, params.id);
    return { entities: [...channel.topics.keys()].map((topic) => permitted(channel, topic)) };
  });

  api.post<Subscription>(path, async (request) => {
    const channel = channelOf(channels, request.params.id);
    return subscribe(channel, new Map(channel.topics), request);
  });

  api.put<Subscription>(path, async (request) => subscribe(channelOf(channels, request.params.id), new Map(), request));

  api.delete<{ Params: { id: string } }>(path, async ({ params }, reply) => {
    channels.subscribe(channelOf(channels, params.id), new Map());
    return reply.send();
  });

  function subscribe(channel: Channel, onto: Map<string, string[]>, { body, query }: FastifyRequest<Subscription>) {
    const ignoreErrors = oneOf(query.ignoreErrors) === 'true';
    const answers = topicIds(body).flatMap((topic) => {
      const reading = topics.read(topic);
      if (reading.expanded.length > 0) onto.set(topic, reading.expanded);
      return answersTo(channel, topic, reading, ignoreErrors);
    });
    if (onto.size > MAX_TOPICS) throw badRequest(`A channel has at most ${MAX_TOPICS} topics.`);
    channels.subscribe(channel, onto);
    return { entities: answers };
  }
}

function channelOf(channels: Channels, id: string): Channel {
  const channel = channels.use(id);
  if (!channel) throw notFound(`The channel ${id}`);
  return channel;
}

function topicIds(body: unknown): string[] {
  if (!Array.isArray(body)) throw badRequest('The body must be a list of topics.');
  return body.map((item) => {
    if (typeof item?.id !== 'string') throw badRequest('Every topic must have an id.');
    return item.id;
  });
}

/** A combined topic can be permitted while one of its parts is not. @throws ApiError 400 unless `ignoreErrors` */
function answersTo(channel: Channel, topic: string, reading: TopicReading, ignoreErrors: boolean): object[] {
  const [first] = reading.rejected;
  if (first && !ignoreErrors) throw badRequest(`${first.topic}: ${first.reason}`);
  const rejections = reading.rejected.map(({ topic: id, reason }) => ({
    id,
    state: 'Rejected',
    rejectionReason: reason,
  }));
  return reading.expanded.length > 0 ? [permitted(channel, topic), ...rejections] : rejections;
}

function permitted(channel: Channel, topic: string): object {
  const selfUri = `/api/v2/notifications/channels/${channel.id}/subscriptions/${topic}`;
  return { id: topic, state: 'Permitted', selfUri };
}
