/**
 * The settings of a cloud, checked once. Owns their defaults and the model of latency that they
 * choose. Refuses to own how they were given (`cli/`).
 */
import type { Auth } from '../endpoint/authenticate.ts';
import type { Location } from '../io/io.ts';
import { rttMs } from '../world/latency.ts';
import { type LatencyTable, tableRttMs } from '../world/latency-table.ts';
import { isRegion, regions } from '../world/regions.ts';
import type { ResolverSettings } from './client-resolver.ts';

export const accountId = '000000000000';

/** `off` = no latency, otherwise the modelled one times the factor. */
export type LatencySetting = 'off' | 'real' | number;

export type AuthSetting = 'open' | 'strict';

export interface CloudSettings {
  readonly regions: readonly string[];
  readonly latency: LatencySetting;
  /** Orrery's own intervals (health checks, TTLs, propagation, retries) are divided by it. */
  readonly timeScale: number;
  readonly auth: AuthSetting;
  /** Access key id → secret: who may sign with `auth: 'strict'`. */
  readonly accessKeys: Readonly<Record<string, string>>;
  /** Port of the global endpoint and of each region's own address. */
  readonly port: number;
  readonly durability: 'process' | 'disk';
  /** What an execution environment of a Node runtime is. */
  readonly isolation: 'process' | 'thread';
  /** Whether DynamoDB throttles by the capacity of its tables. */
  readonly capacity: 'off' | 'enforce';
  /** Place of clients whose address tells nothing. */
  readonly defaultPlace: string;
  /** Round-trip times over the model's. */
  readonly latencyTable?: LatencyTable;
  /** Path of a database in MaxMind's format that places real addresses; the edge reads it. */
  readonly geoip?: string;
  /** Equal DNS answers a second to one network over UDP; Route 53's default if absent. */
  readonly dnsRateLimit?: number;
  /** How the resolvers of clients, and the clients themselves, treat TTLs. */
  readonly resolver: ResolverSettings;
}

export const defaultRegions: readonly string[] = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];

/** What users may sign with under `auth: 'strict'` unless they choose keys of their own. */
export const localCredentials = { accessKeyId: 'orrery', secretAccessKey: 'orrery' } as const;

/** What execution environments sign with; accepted always. */
export const functionCredentials = {
  accessKeyId: 'ASIAORRERYLAMBDA0000',
  secretAccessKey: 'orrery-lambda-secret',
  sessionToken: 'orrery-lambda-session',
} as const;

/** The settings contradict themselves or name what is not; the message is for a person. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SettingsError';
  }
}

/** Checks region names. Throws `SettingsError` with the nearest names for a wrong one. */
export function checkRegions(wanted: readonly string[]): readonly string[] {
  const list = [...new Set(wanted.map((region) => region.trim()).filter((id) => id !== ''))];
  if (list.length === 0) throw new SettingsError('At least one region is needed.');
  for (const id of list) {
    if (isRegion(id)) continue;
    const start = id.split('-')[0] ?? '';
    const near = regions.map((region) => region.id).filter((known) => known.startsWith(start));
    const list = near.length > 0 ? near : regions.map((region) => region.id);
    throw new SettingsError(`There is no region "${id}". Did you mean one of ${list.join(', ')}?`);
  }
  return list;
}

/** Round-trip milliseconds between two locations: the table's or the model's, by the setting. */
export function latencyModel({
  latency,
  latencyTable: table,
}: Pick<CloudSettings, 'latency' | 'latencyTable'>): (from: Location, to: Location) => number {
  if (latency === 'off' || latency === 0) return () => 0;
  const base =
    table === undefined
      ? rttMs
      : (from: Location, to: Location) => tableRttMs(table, from, to) ?? rttMs(from, to);
  return latency === 'real' || latency === 1 ? base : (from, to) => base(from, to) * latency;
}

/** Services that AWS has once, whose requests the edge answers whatever region they name. */
export const globalServices: ReadonlySet<string> = new Set(['route53', 'iam', 'sts']);

/** Who may call, in the endpoint's terms. */
export function authOf(settings: CloudSettings): Auth {
  if (settings.auth === 'open') return { mode: 'open' };
  const keys = new Map(Object.entries(settings.accessKeys));
  keys.set(functionCredentials.accessKeyId, functionCredentials.secretAccessKey);
  return { mode: 'strict', secretOf: (accessKeyId) => keys.get(accessKeyId) };
}
