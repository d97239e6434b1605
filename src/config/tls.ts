import { type TProperties, Type } from 'typebox';
import { closed } from './fields.ts';

const File = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, title: 'the path of a file', description }));

/** TLS to servers: trusted authorities and the client certificate. @param own keys beside these */
export const Tls = <Own extends TProperties = Record<never, never>>(description: string, own: Own = {} as Own) =>
  Type.Object(
    {
      caFile: File('PEM file of the authority of the servers’ certificates. Default: Node’s built-in authorities.'),
      certFile: File('PEM file of the client certificate, if servers require one.'),
      keyFile: File('PEM file of the private key of `certFile`.'),
      ...own,
    },
    { ...closed, description: `${description} An empty section is enough for certificates of a public authority.` },
  );
