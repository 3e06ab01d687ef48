/** The options of `orrery start`, read and checked. Owns their names, defaults and words. */
import {
  type CloudSettings,
  checkRegions,
  defaultRegions,
  type LatencySetting,
  localCredentials,
  SettingsError,
} from '../regions/options.ts';
import { LatencyTableError, readLatencyTable } from '../world/latency-table.ts';
import { placeByName } from '../world/places.ts';
import { defaultDataDir } from './admin-client.ts';
import { CommandError, readArguments, usageError, wholeNumber } from './command.ts';
import { readOptionFile } from './option-file.ts';
import { noSuchPlace } from './place-option.ts';
import { resolverHelp, resolverOf } from './resolver-option.ts';

export const startHelp = `Usage: orrery start [app] [options]

Runs a cloud until Ctrl-C. [app] is a CDK app (a directory with cdk.json, or its app.ts), a
synthesized cdk.out, or a CloudFormation template; without one the cloud is empty.

Options:
  --regions <list>      comma-separated (default: those of the app, else ${defaultRegions.join(',')})
  --data-dir <dir>      where everything is stored (default ${defaultDataDir})
  --latency <l>         off, real, or a factor such as 0.1 (default real)
  --time-scale <n>      health checks, TTLs and retries n times faster (default 1)
  --port <n>            AWS endpoint, also of each region's own address (default 4566)
  --dns-port <n>        DNS, UDP and TCP (default 4553)
  --proxy-port <n>      client proxy (default 4580)
  --admin-port <n>      admin interface and console (default 4567)
  --auth <a>            open: any signature; strict: verified (default open)
  --access-key <k>      id:secret accepted with --auth strict, may be repeated
                        (default ${localCredentials.accessKeyId}:${localCredentials.secretAccessKey})
  --durability <d>      process: survives a killed process; disk: synced before each answer
                        (default process)
  --isolation <i>       what runs functions: process, one per environment; or thread, which takes
                        less time and memory and shares the region's fate (default process)
  --capacity <c>        DynamoDB's throttling: off, or enforce (default off)
${resolverHelp}
  --place <place>       where clients stand whose address tells nothing (default ashburn)
  --geoip <file>        places real addresses by a database in MaxMind's format (.mmdb, City)
  --latency-table <f>   JSON of round-trip times over the model's, in milliseconds, from places,
                        subnets or regions to regions:
                        {"tokyo": {"us-east-1": 148}, "203.0.113.0/24": {"eu-west-1": 9}}
  --dns-rate-limit <n>  equal DNS answers a second to one network over UDP, 0 for no limit
                        (default 1000; none to this machine unless you set it)
  --json                one line of JSON when ready, no prose
  -h, --help            this text

Port 0 takes a free one.

Examples:
  orrery start examples/orders
  orrery start --regions us-east-1,eu-west-1 --latency off
  orrery start my-app/cdk.out --time-scale 10 --data-dir /tmp/demo
  orrery start examples/orders --resolver serve-stale=1h,ttl-ignoring=0.2,hold=5m
  orrery start examples/orders --geoip GeoLite2-City.mmdb`;

export interface StartOptions {
  readonly app: string | undefined;
  /** Undefined: those of the app. */
  readonly regions: readonly string[] | undefined;
  readonly dataDir: string;
  readonly settings: Omit<CloudSettings, 'regions'>;
  readonly ports: { readonly dns: number; readonly proxy: number; readonly admin: number };
  readonly json: boolean;
}

const options = {
  regions: { type: 'string' },
  'data-dir': { type: 'string', default: defaultDataDir },
  latency: { type: 'string', default: 'real' },
  'time-scale': { type: 'string', default: '1' },
  port: { type: 'string' },
  'dns-port': { type: 'string' },
  'proxy-port': { type: 'string' },
  'admin-port': { type: 'string' },
  auth: { type: 'string', default: 'open' },
  'access-key': { type: 'string', multiple: true },
  durability: { type: 'string', default: 'process' },
  isolation: { type: 'string', default: 'process' },
  capacity: { type: 'string', default: 'off' },
  place: { type: 'string', default: 'ashburn' },
  geoip: { type: 'string' },
  'latency-table': { type: 'string' },
  resolver: { type: 'string', default: 'obey' },
  'dns-rate-limit': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const portRange = [0, 65_535] as const;

/** Reads the arguments of `orrery start`. Throws `CommandError` in words for a person. */
export function readStartOptions(args: readonly string[]): StartOptions {
  const { values, positionals } = readArguments('start', args, options);
  if (positionals.length > 1) throw usageError(`One app at a time: ${positionals.join(', ')}`);
  if (placeByName(values.place) === undefined) throw noSuchPlace(values.place);
  return {
    app: positionals[0],
    regions: values.regions === undefined ? undefined : regionsOf(values.regions.split(',')),
    dataDir: values['data-dir'],
    settings: {
      latency: latencyOf(values.latency),
      timeScale: timeScaleOf(values['time-scale']),
      auth: oneOf('auth', values.auth, ['open', 'strict']),
      accessKeys: accessKeysOf(values['access-key']),
      port: wholeNumber('port', values.port, 4566, portRange),
      durability: oneOf('durability', values.durability, ['process', 'disk']),
      isolation: oneOf('isolation', values.isolation, ['process', 'thread']),
      capacity: oneOf('capacity', values.capacity, ['off', 'enforce']),
      defaultPlace: values.place,
      ...(values.geoip !== undefined && { geoip: values.geoip }),
      ...latencyTableOf(values['latency-table']),
      ...rateLimitOf(values['dns-rate-limit']),
      resolver: resolverOf(values.resolver),
    },
    ports: {
      dns: wholeNumber('dns-port', values['dns-port'], 4553, portRange),
      proxy: wholeNumber('proxy-port', values['proxy-port'], 4580, portRange),
      admin: wholeNumber('admin-port', values['admin-port'], 4567, portRange),
    },
    json: values.json,
  };
}

/** Checks region names; a wrong one ends the command. */
export function regionsOf(names: readonly string[]): readonly string[] {
  try {
    return checkRegions(names);
  } catch (error) {
    if (error instanceof SettingsError) throw new CommandError(error.message, 2);
    throw error;
  }
}

function latencyOf(text: string): LatencySetting {
  if (text === 'off' || text === 'real') return text;
  const factor = Number(text);
  if (text.trim() === '' || !Number.isFinite(factor) || factor < 0 || factor > 100) {
    throw usageError(`--latency takes off, real or a factor up to 100, not "${text}".`);
  }
  return factor;
}

function latencyTableOf(path: string | undefined): Pick<CloudSettings, 'latencyTable'> {
  if (path === undefined) return {};
  const text = readOptionFile('latency-table', path).toString('utf8');
  try {
    return { latencyTable: readLatencyTable(text) };
  } catch (error) {
    if (error instanceof LatencyTableError) {
      throw usageError(`--latency-table: "${path}": ${error.message}`);
    }
    throw error;
  }
}

function rateLimitOf(text: string | undefined): Pick<CloudSettings, 'dnsRateLimit'> {
  if (text === undefined) return {};
  return { dnsRateLimit: wholeNumber('dns-rate-limit', text, 0, [0, 1_000_000]) };
}

function timeScaleOf(text: string): number {
  const scale = Number(text);
  if (!Number.isFinite(scale) || scale < 0.1 || scale > 1000) {
    throw usageError(`--time-scale takes a number from 0.1 to 1000, not "${text}".`);
  }
  return scale;
}

function oneOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw usageError(`--${name} takes ${choices.join(' or ')}, not "${text}".`);
  return found;
}

function accessKeysOf(pairs: readonly string[] | undefined): Record<string, string> {
  const keys: Record<string, string> = {
    [localCredentials.accessKeyId]: localCredentials.secretAccessKey,
  };
  for (const pair of pairs ?? []) {
    const at = pair.indexOf(':');
    if (at < 1) throw usageError('--access-key takes id:secret.');
    keys[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return keys;
}
