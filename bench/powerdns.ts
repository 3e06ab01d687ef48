/**
 * PowerDNS, where it is installed, asked for the same: one of three addresses by where the client
 * subnet is. Three ways, and a plain record: its GEO backend (a database of countries, no health),
 * LUA records with `ifportup` (with health, a script per query), and its packet cache behind both.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, type Server, spawnServer, temporaryFolder } from './servers.ts';

const countries = '/usr/share/GeoIP/GeoIP.dat';
const addresses = { us: '127.0.1.1', eu: '127.0.12.1', ap: '127.0.30.1' } as const;
const areaOf = {
  EU: 'eu',
  AF: 'eu',
  AS: 'ap',
  OC: 'ap',
  NA: 'us',
  SA: 'us',
  unknown: 'us',
} as const;

/** `port` is one that is open on every address: what `ifportup` looks at. */
const luaZone = (port: number): string => `$TTL 60
orders.test. IN SOA ns.orders.test. admin.orders.test. 1 7200 900 1209600 60
orders.test. IN NS ns.orders.test.
ns.orders.test. IN A 127.0.0.1
plain.orders.test. IN A 127.0.1.1
api.orders.test. IN LUA A (";if continent('EU') then return ifportup(${port}, {'${addresses.eu}'}) "
  "elseif continent('AS') then return ifportup(${port}, {'${addresses.ap}'}) "
  "else return ifportup(${port}, {'${addresses.us}'}) end")
`;

const geoZone = (): string =>
  [
    'domains:',
    '- domain: orders.test',
    '  ttl: 60',
    '  records:',
    '    orders.test:',
    '      - soa: ns.orders.test admin.orders.test 1 7200 900 1209600 60',
    '      - ns: ns.orders.test',
    '    plain.orders.test:',
    '      - a: 127.0.1.1',
    ...Object.entries(areaOf).flatMap(([continent, area]) => [
      `    ${continent.toLowerCase()}.api.orders.test:`,
      `      - a: ${addresses[area]}`,
    ]),
    '  services:',
    "    api.orders.test: ['%cn.api.orders.test', 'unknown.api.orders.test']",
  ].join('\n');

async function start(own: Readonly<Record<string, string>>, folder: string): Promise<Server> {
  const port = await freePort();
  const settings = {
    daemon: 'no',
    guardian: 'no',
    'config-dir': folder,
    'socket-dir': folder,
    'local-address': '127.0.0.1',
    'local-port': String(port),
    'edns-subnet-processing': 'yes',
    // One receiver, as the others have one thread.
    'receiver-threads': '1',
    'disable-syslog': 'yes',
    loglevel: '4',
    ...own,
  };
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  return spawnServer('pdns_server', args, /ready to distribute/, { port });
}

const isInstalled = (): boolean => spawnSync('pdns_server', ['--version']).error === undefined;

/** LUA records; undefined where it is not installed. */
export async function startLua(checkedPort: number): Promise<Server | undefined> {
  if (!isInstalled() || !existsSync(countries)) return undefined;
  const folder = temporaryFolder();
  const file = join(folder, 'orders.test.zone');
  writeFileSync(file, luaZone(checkedPort));
  writeFileSync(
    join(folder, 'named.conf'),
    `zone "orders.test" { type master; file "${file}"; };\n`,
  );
  const lua = {
    launch: 'bind,geoip',
    'bind-config': join(folder, 'named.conf'),
    'geoip-zones-file': '',
    'geoip-database-files': countries,
    // One interpreter that is kept, which is what makes it fastest.
    'enable-lua-records': 'shared',
  };
  return start(lua, folder);
}

/** Its GEO backend; undefined where that is not installed. */
export async function startGeo(): Promise<Server | undefined> {
  if (!isInstalled() || !existsSync(countries)) return undefined;
  const folder = temporaryFolder();
  const zones = join(folder, 'zones.yaml');
  writeFileSync(zones, geoZone());
  const geo = {
    launch: 'geoip',
    'geoip-zones-file': zones,
    'geoip-database-files': countries,
  };
  return start(geo, folder);
}
