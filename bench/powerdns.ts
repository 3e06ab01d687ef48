/**
 * PowerDNS, where it is installed, with the nearest thing to a health-checked latency record that it
 * has, a LUA record that chooses one of three addresses by the client's subnet, and a plain record.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Server, spawnServer, temporaryFolder } from './servers.ts';

const zone = `$TTL 60
orders.test. IN SOA ns.orders.test. admin.orders.test. 1 7200 900 1209600 60
orders.test. IN NS ns.orders.test.
ns.orders.test. IN A 127.0.0.1
plain.orders.test. IN A 127.0.1.1
api.orders.test. IN LUA A "view({{{'198.18.0.0/26'}, {'127.0.1.1'}}, {{'198.18.0.0/18'}, {'127.0.2.1'}}, {{'0.0.0.0/0'}, {'127.0.3.1'}}})"
`;

/** Undefined where it is not installed. One receiver, as the others have one thread. */
export async function startPowerDns(): Promise<Server | undefined> {
  if (spawnSync('pdns_server', ['--version']).error !== undefined) return undefined;
  const folder = temporaryFolder();
  const port = await freePort();
  writeFileSync(join(folder, 'orders.test.zone'), zone);
  writeFileSync(
    join(folder, 'named.conf'),
    `zone "orders.test" { type master; file "${join(folder, 'orders.test.zone')}"; };\n`,
  );
  const settings = {
    daemon: 'no',
    guardian: 'no',
    launch: 'bind',
    'bind-config': join(folder, 'named.conf'),
    'config-dir': folder,
    'socket-dir': folder,
    'local-address': '127.0.0.1',
    'local-port': String(port),
    'enable-lua-records': 'yes',
    'edns-subnet-processing': 'yes',
    'receiver-threads': '1',
    'disable-syslog': 'yes',
    loglevel: '4',
  };
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return spawnServer('pdns_server', args, /ready to distribute/, {
    port,
  });
}
