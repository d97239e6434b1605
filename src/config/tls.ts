import { type TProperties, Type } from 'typebox';
import { closed } from './fields.ts';

const File = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, title: 'the path of a file', description }));

/** TLS to servers: whom to trust, and who to be. */
export const Tls = <Own extends TProperties = Record<never, never>>(description: string, own: Own = {} as Own) =>
  Type.Object(
    {
      caFile: File('PEM file of the authority that signed the servers’ certificates; default: those that Node knows.'),
      certFile: File('PEM file of this client’s certificate, where servers ask for one.'),
      keyFile: File('PEM file of its private key.'),
      ...own,
    },
    { ...closed, description: `${description} An empty section is enough where the system trusts them.` },
  );
