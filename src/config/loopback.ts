import { BlockList, isIP } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an address is reachable from this machine only. @param host an address, optionally in brackets, or a name */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  return family === 0 ? address === 'localhost' : LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
