/**
 * A running cloud: the edge in this process, one process per region, the faults in force.
 * Owns their order of start and end. Refuses to own the terminal (`commands/start.ts`), the admin
 * listener that outlives a reset (`session.ts`) and what a service does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloudControl, CloudStatus, ReplicationStatus } from '../admin/api.ts';
import { type ActiveFaults, createActiveFaults } from '../faults/active-faults.ts';
import type { Levers } from '../faults/fault.ts';
import type { NetworkConditions } from '../io/conditions.ts';
import { NetError, type ProbeData } from '../io/io.ts';
import { createNodeIo, type NodeIo } from '../io/node/node-io.ts';
import { findSdk } from '../io/node/runtime-sdk.ts';
import { askRegions, callInternal } from '../regions/gather.ts';
import { gatherLogs } from '../regions/logs.ts';
import { type CloudSettings, latencyModel } from '../regions/options.ts';
import type { Conflict, ConflictsResponse } from '../services/dynamodb/api.ts';
import type { StatusResponse } from '../services/global-tables/api.ts';
import { createRecorder, type Recorder } from '../trace/recorder.ts';
import { isTimelineEvent, timelineOf } from '../trace/timeline.ts';
import { edgeDir, regionDir } from './data-dir.ts';
import { type Edge, type EdgePorts, openEdge } from './edge.ts';
import { regionStatus } from './region-status.ts';
import { RegionSupervisor, UnusableRegionError } from './region-supervisor.ts';
import { version } from './version.ts';

export interface CloudOptions {
  readonly settings: CloudSettings;
  readonly dataDir: string;
  readonly ports: EdgePorts;
  /** Something a person should read now. */
  readonly onNotice: (message: string) => void;
}

export type CloudControls = Omit<CloudControl, 'deploy' | 'destroy' | 'reset' | 'status'> & {
  status(): Promise<Omit<CloudStatus, 'admin' | 'app'>>;
};

export interface Cloud {
  readonly io: NodeIo;
  readonly control: CloudControls;
  /** The ports that were really taken. */
  readonly ports: EdgePorts & { readonly endpoint: number };
  close(): Promise<void>;
}

/** Starts the edge and all regions; resolves when every one serves. */
export async function openCloud(options: CloudOptions): Promise<Cloud> {
  const { settings, dataDir, onNotice } = options;
  const runDir = mkdtempSync(join(tmpdir(), 'orrery-'));
  const conditions: NetworkConditions = { links: [] };
  const startedAtMs = Date.now();
  const io = await createNodeIo({
    id: 'edge',
    location: 'global',
    dataDirectory: edgeDir(dataDir),
    runDirectory: runDir,
    rttMs: latencyModel(settings),
    conditions,
    durability: settings.durability,
    sink: {
      event: (kind, data) => recordEvent(kind, data),
      broken: (what) => onNotice(`broken invariant: ${what}`),
    },
  });
  const recorder: Recorder = createRecorder(io.clock, 10_000);
  // Requests of a busy minute must not push an incident out.
  const incidents: Recorder = createRecorder(io.clock, 10_000);
  const recordEvent = (kind: string, data: ProbeData): void => {
    recorder.record(kind, data);
    if (isTimelineEvent(kind)) incidents.record(kind, data);
  };
  let edge: Edge | undefined;
  const supervisors = new Map<string, RegionSupervisor>();
  try {
    edge = await openEdge(io, settings, options);
    const port = edge.ports.endpoint;
    // The user's own SDK first: it is the version that the app was written with.
    const sdkModules = findSdk([process.cwd(), import.meta.dirname]);
    for (const region of settings.regions) {
      supervisors.set(
        region,
        new RegionSupervisor({
          config: {
            region,
            dataDir: regionDir(dataDir, region),
            runDir,
            ...(sdkModules === undefined ? {} : { sdkModules }),
            settings: { ...settings, port },
            links: [],
          },
          onKilled: (killed, signal) => {
            faults.note(killed, 'process-killed');
            onNotice(
              `${killed} was killed (${signal}) and stays down: an outage. ` +
                `Bring it back: orrery fault stop region-outage ${killed}`,
            );
          },
          onStarted: async (region) => {
            const isPaused = faults
              .list()
              .some((one) => one.action === 'replication-pause' && one.targets.includes(region));
            if (isPaused) await pauseReplication(io, region, true);
          },
          onAlarm: (region, message) => onNotice(`${region}: ${message}`),
        }),
      );
    }
    const faults = createFaults({ io, settings, edge, supervisors, conditions });
    await startRegions([...supervisors.values()], faults, onNotice);
    edge.startProbing();
    const parts: Parts = {
      options,
      io,
      edge,
      supervisors,
      faults,
      recorder,
      incidents,
      startedAtMs,
    };
    return {
      io,
      ports: edge.ports,
      control: createControl(parts),
      close: () => close(io, edge, supervisors, runDir),
    };
  } catch (error) {
    await close(io, edge, supervisors, runDir);
    throw error;
  }
}

/**
 * Starts all; resolves when each serves or is known to stay down because of its own data. Throws
 * where one fails for another reason, or none is left.
 */
async function startRegions(
  supervisors: readonly RegionSupervisor[],
  faults: ActiveFaults,
  onNotice: (message: string) => void,
): Promise<void> {
  const results = await Promise.allSettled(supervisors.map((one) => one.start()));
  const failures = results.flatMap((result, index) =>
    result.status === 'rejected' ? [{ region: supervisors[index]?.region, ...result }] : [],
  );
  const fatal = failures.find(({ reason }) => !(reason instanceof UnusableRegionError));
  const worst = fatal ?? (failures.length === supervisors.length ? failures[0] : undefined);
  if (worst !== undefined) throw worst.reason;
  for (const { region = '', reason } of failures) {
    faults.note(region, 'data-unusable');
    onNotice(`${(reason as Error).message} The other regions run; ${region} stays down.`);
  }
}

interface Parts {
  readonly options: CloudOptions;
  readonly io: NodeIo;
  readonly edge: Edge;
  readonly supervisors: ReadonlyMap<string, RegionSupervisor>;
  readonly faults: ActiveFaults;
  readonly recorder: Recorder;
  readonly incidents: Recorder;
  readonly startedAtMs: number;
}

async function close(
  io: NodeIo,
  edge: Edge | undefined,
  supervisors: ReadonlyMap<string, RegionSupervisor>,
  runDir: string,
): Promise<void> {
  await Promise.all([...supervisors.values()].map((supervisor) => supervisor.stop()));
  await edge?.close();
  await io.close();
  rmSync(runDir, { recursive: true, force: true });
}

interface FaultParts {
  readonly io: NodeIo;
  readonly settings: CloudSettings;
  readonly edge: Edge;
  readonly supervisors: ReadonlyMap<string, RegionSupervisor>;
  readonly conditions: NetworkConditions;
}

function createFaults(parts: FaultParts): ActiveFaults {
  const { io, settings, edge, supervisors, conditions } = parts;
  const supervisor = (region: string): RegionSupervisor => {
    const found = supervisors.get(region);
    if (found === undefined) throw new RangeError(`no such region: ${region}`);
    return found;
  };
  const levers: Levers = {
    killRegion: (region) => supervisor(region).kill(),
    startRegion: (region) => supervisor(region).start(),
    hangRegion: async (region) => supervisor(region).hang(),
    resumeRegion: async (region) => supervisor(region).resume(),
    pauseReplication: (region, paused) => pauseReplication(io, region, paused),
    silenceDns: async (silent) => edge.silenceDns(silent),
  };
  return createActiveFaults({
    clock: io.clock,
    timers: io.timers,
    levers,
    regions: settings.regions,
    onLinks: (links) => {
      conditions.links = links;
      for (const one of supervisors.values()) one.setLinks(links);
    },
    onChange: (fault, change) => {
      const { id, action, targets, cause } = fault;
      io.probe.event(`fault-${change}`, { id, action, targets: targets.join(' '), cause });
    },
  });
}

/** A lever that was pulled must have an effect: a busy region is waited for. */
const pauseDeadlineMs = 15_000;

async function pauseReplication(io: NodeIo, region: string, paused: boolean): Promise<void> {
  const to = { region, service: 'global-tables' };
  await callInternal(io, to, '/pause', { paused }, pauseDeadlineMs);
}

function createControl(parts: Parts): CloudControls {
  const { io, edge, supervisors, faults, recorder, incidents } = parts;
  const serving = (): string[] =>
    [...supervisors.values()].filter((one) => one.state() === 'running').map((one) => one.region);
  const notServing = (): string[] =>
    [...supervisors.values()].filter((one) => one.state() !== 'running').map((one) => one.region);
  return {
    status: () => statusOf(parts),
    startFault: (spec) => faults.start(spec),
    stopFault: (which) => faults.stop(which),
    events: (after, limit) => recorder.after(after, limit),
    lookups: (limit) => edge.lookups(limit),
    timeline: () => timelineOf(incidents.after(0, 10_000), parts.options.settings.timeScale),
    explain: (question) => edge.explain(question),
    world: (question) => edge.world(question),
    routingControls: () => edge.routingControls(),
    setRoutingControl: (name, on) => edge.setRoutingControl(name, on),
    conflicts: async (limit) => {
      const { answers, unreachable } = await askRegions(serving(), (region) =>
        callInternal<ConflictsResponse>(io, { region, service: 'dynamodb-replica' }, '/conflicts', {
          limit,
        }),
      );
      const items = mergeConflicts([...answers.values()].flatMap((one) => one.conflicts));
      return { items: items.slice(0, limit), unreachable: [...notServing(), ...unreachable] };
    },
    logs: (query) => gatherLogs(io, { serving: serving(), notServing: notServing() }, query),
  };
}

/** Both sides of a partition detect one conflict: it is listed once, as seen first. */
function mergeConflicts(conflicts: readonly Conflict[]): readonly Conflict[] {
  const byIdentity = new Map<string, Conflict>();
  for (const conflict of conflicts) {
    const { winner, loser } = conflict;
    const identity = JSON.stringify([
      conflict.tableName,
      conflict.key,
      winner.version,
      loser.version,
    ]);
    const known = byIdentity.get(identity);
    if (known === undefined || conflict.detectedAtMs < known.detectedAtMs) {
      byIdentity.set(identity, conflict);
    }
  }
  return [...byIdentity.values()].sort((a, b) => b.detectedAtMs - a.detectedAtMs);
}

/** More than anybody reads in a status; `GET /api/lookups` has all. */
const lookupsShown = 20;

async function statusOf(parts: Parts): Promise<Omit<CloudStatus, 'admin' | 'app'>> {
  const { options, io, edge, supervisors, faults } = parts;
  const { settings } = options;
  const regions = await Promise.all(
    [...supervisors.values()].map(async (one) => {
      const isRunning = one.state() === 'running';
      return regionStatus({
        region: one.region,
        state: one.state(),
        pid: one.pid(),
        port: one.port(),
        dataDir: regionDir(options.dataDir, one.region),
        replication: isRunning ? await replicationOf(io, one.region) : [],
      });
    }),
  );
  return {
    version,
    pid: process.pid,
    startedAtMs: parts.startedAtMs,
    endpoint: `http://127.0.0.1:${edge.ports.endpoint}`,
    dns: `127.0.0.1:${edge.ports.dns}`,
    proxy: `http://127.0.0.1:${edge.ports.proxy}`,
    timeScale: settings.timeScale,
    latency: settings.latency,
    regions,
    hostNames: await edge.hostNames(),
    healthChecks: await edge.healthChecks(),
    faults: faults.list(),
    resolver: { ...settings.resolver, lookups: edge.lookups(lookupsShown) },
  };
}

async function replicationOf(io: NodeIo, region: string): Promise<readonly ReplicationStatus[]> {
  try {
    const to = { region, service: 'global-tables' };
    const { tables } = await callInternal<StatusResponse>(io, to, '/status', {});
    return tables.flatMap(({ tableName, peers }) =>
      peers.map(({ peer, queueDepth, lagMs, paused, lastError }) => ({
        tableName,
        peer,
        queueDepth,
        lagMs,
        paused,
        lastError,
      })),
    );
  } catch (error) {
    if (error instanceof NetError) return [];
    throw error;
  }
}
