/** `orrery status`: regions, replication, health checks and faults of the running cloud. */
import type { CloudStatus, RegionStatus } from '../../admin/api.ts';
import type { Fault } from '../../faults/fault.ts';
import { regionOfIp } from '../../world/addresses.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments } from '../command.ts';
import { type Colour, formatMs, formatTime, out, table } from '../terminal.ts';

const help = `Usage: orrery status [--json]

Shows the regions, their replication queues, health checks, where clients go (by what their
resolvers remember) and the faults in force.

Options:
${clientOptionsHelp}

Examples:
  orrery status
  orrery status --json | jq '.regions[].state'`;

const stateColour: Readonly<Record<RegionStatus['state'], Colour>> = {
  running: 'green',
  starting: 'yellow',
  hung: 'yellow',
  down: 'red',
};

/** Region table; a region's replication is the worst of its tables and peers. */
export function regionTable(status: CloudStatus): string {
  const rows = status.regions.map((region) => {
    const waiting = region.replication.reduce((sum, one) => sum + one.queueDepth, 0);
    const lagMs = Math.max(0, ...region.replication.map((one) => one.lagMs));
    const isPaused = region.replication.some((one) => one.paused);
    const replication =
      region.state !== 'running' || region.replication.length === 0
        ? '–'
        : `${waiting} waiting, oldest ${formatMs(lagMs)}${isPaused ? ' (paused)' : ''}`;
    return [
      region.id,
      out(stateColour[region.state], region.state),
      region.endpoint,
      region.pid === null ? '–' : String(region.pid),
      replication,
    ];
  });
  return table(['REGION', 'STATE', 'ENDPOINT', 'PID', 'REPLICATION'], rows);
}

/** Lines of a status fit 120 columns; --json has everything. */
function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

function healthTable(status: CloudStatus): string {
  const rows = status.healthChecks.map((check) => [
    check.id.slice(0, 8),
    check.healthy ? out('green', 'healthy') : out('red', 'unhealthy'),
    `${check.healthyVotes}/${check.votes}`,
    shortened(check.target, 60),
    check.healthy ? '' : shortened(check.lastFailure ?? '', 24),
  ]);
  return table(['HEALTH CHECK', 'STATE', 'VOTES', 'TARGET', 'WHY'], rows);
}

/** What clients go by, newest first, and how they are told to treat TTLs. */
function lookupTable({ resolver }: CloudStatus): string {
  const rows = resolver.lookups.map((one) => [
    one.client === '' ? one.place : `${one.place}:${shortened(one.client, 20)}`,
    shortened(one.name, 40),
    shortened(one.reason ?? one.addresses.map((ip) => regionOfIp(ip) ?? ip).join(' '), 30),
    one.how,
    formatMs(one.ageMs),
    one.leftMs === null ? 'never' : one.leftMs === 0 ? 'over' : formatMs(one.leftMs),
  ]);
  return table(['CLIENTS OF', 'NAME', 'GO TO', 'WHY', 'SINCE', 'ENDS IN'], rows);
}

function resolverNote({ resolver }: CloudStatus): string {
  const { serveStaleSeconds, ttlIgnoring, holdSeconds } = resolver;
  const stale =
    serveStaleSeconds === 0
      ? []
      : [`serve stale answers for ${formatMs(serveStaleSeconds * 1000)}`];
  const hold = holdSeconds === 'forever' ? 'for ever' : `for ${formatMs(holdSeconds * 1000)}`;
  const ignoring = ttlIgnoring === 0 ? [] : [`${ttlIgnoring * 100} % of clients hold ${hold}`];
  const notes = [...stale, ...ignoring];
  return notes.length === 0 ? '' : `resolvers: ${notes.join('; ')}`;
}

/** The clock that times below are read by, where it is not the usual one. */
export function scaleNote(timeScale: number): string {
  return timeScale === 1
    ? ''
    : `Time scale ${timeScale}: Orrery's own intervals are ÷ ${timeScale}.`;
}

const causes: Readonly<Record<Fault['cause'], string>> = {
  requested: '',
  'process-killed': ' (its process was killed from outside)',
  'data-unusable': ' (its data cannot be read)',
};

function render(status: CloudStatus): string {
  const { endpoint, dns, proxy, admin } = status;
  const parts = [
    `Orrery ${status.version}  endpoint ${endpoint}  dns ${dns}`,
    `proxy ${proxy}  admin ${admin}`,
    `latency ${status.latency}${status.app === null ? '' : `, app ${status.app}`}`,
    scaleNote(status.timeScale),
    resolverNote(status),
    '',
    regionTable(status),
  ];
  if (status.healthChecks.length > 0) parts.push('', healthTable(status));
  if (status.resolver.lookups.length > 0) parts.push('', lookupTable(status));
  parts.push('', `Faults in force: ${status.faults.length === 0 ? 'none' : ''}`);
  for (const fault of status.faults) {
    const ending = fault.endsAtMs === undefined ? '' : `, until ${formatTime(fault.endsAtMs)}`;
    const cause = causes[fault.cause];
    parts.push(
      out('red', `  ${fault.id}  ${fault.action} ${fault.targets.join(' ')}${cause}${ending}`),
    );
  }
  return parts.filter((part, index) => part !== '' || index > 4).join('\n');
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'regions, replication, health checks, faults',
  help,
  run: async (args) => {
    const { values } = readArguments('status', args, clientOptions);
    const status = await callAdmin<CloudStatus>(findAdminUrl(values.admin), 'GET', '/api/status');
    console.log(values.json ? JSON.stringify(status, null, 2) : render(status));
    return 0;
  },
};
