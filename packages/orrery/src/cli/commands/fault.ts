/** `orrery fault start|stop|list`: break things on purpose, and mend them. */
import { faultActions } from '../../faults/catalog.ts';
import type { Fault } from '../../faults/fault.ts';
import type { Timeline } from '../../trace/timeline.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, usageError } from '../command.ts';
import { followTimeline } from '../follow-timeline.ts';
import { formatTime, parseDurationMs, table } from '../terminal.ts';
import { followTimeOf } from './timeline.ts';

const help = `Usage: orrery fault start <fault> [<region> [<region>]] [--duration 30s]
       orrery fault stop <id> | <fault> <region> [<region>] | --all
       orrery fault list

Faults:
${faultActions.map((action) => `  ${action.usage}\n      ${action.summary}${action.fisAction ? ` (${action.fisAction})` : ''}`).join('\n')}

A link has a region of this cloud at one end; at the other any region of AWS, where health checkers
stand in eight of them, or a place such as @tokyo.

Options:
  --duration <time> ends by itself: 30s, 5m, 1h
  --ms <n>          latency: milliseconds added to each message
  --percent <n>     packet-loss: share of messages lost
  --all             stop: every fault in force
  --watch           then prints what follows, step by step, until Ctrl-C (see: orrery timeline)
  --for <time>      with --watch: for so long
${clientOptionsHelp}

Examples:
  orrery fault start region-outage us-east-1
  orrery fault start partition us-east-1 eu-central-1 --duration 1m
  orrery fault start latency eu-central-1 ap-northeast-1 --ms 300
  orrery fault start region-outage us-east-1 --watch --for 1m
  orrery fault start partition @tokyo ap-northeast-1
  orrery fault list
  orrery fault stop region-outage us-east-1`;

const options = {
  ...clientOptions,
  duration: { type: 'string' },
  ms: { type: 'string' },
  percent: { type: 'string' },
  all: { type: 'boolean', default: false },
  watch: { type: 'boolean', default: false },
  for: { type: 'string' },
} as const;

const words = (fault: Fault): string => [fault.action, ...fault.targets].join(' ');

/** What has happened before is not watched. */
async function lastStep(admin: string): Promise<number> {
  const { incidents } = await callAdmin<Timeline>(admin, 'GET', '/api/timeline');
  return incidents.at(-1)?.steps.at(-1)?.id ?? 0;
}

function durationOf(text: string | undefined): { durationMs?: number } {
  if (text === undefined) return {};
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) throw usageError(`--duration takes 30s, 5m or 1h, not "${text}".`);
  return { durationMs };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw usageError(`--${name} takes a number, not "${text}".`);
  }
  return value;
}

function render(faults: readonly Fault[]): string {
  if (faults.length === 0) return 'No fault is in force.';
  const rows = faults.map((fault) => [
    fault.id,
    fault.action,
    fault.targets.join(' '),
    Object.entries(fault.parameters)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    formatTime(fault.startedAtMs),
    fault.endsAtMs === undefined ? 'you stop it' : formatTime(fault.endsAtMs),
  ]);
  return table(['ID', 'FAULT', 'REGIONS', 'PARAMETERS', 'SINCE', 'UNTIL'], rows);
}

export const faultCommand: Command = {
  name: 'fault',
  summary: 'start, stop, list faults: outage, hang, partition, latency …',
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('fault', args, options);
    const admin = findAdminUrl(values.admin);
    const [verb, ...rest] = positionals;
    const say = (value: unknown, text: string): number => {
      console.log(values.json ? JSON.stringify(value, null, 2) : text);
      return 0;
    };
    const forMs = followTimeOf(values.for);
    const after = values.watch ? await lastStep(admin) : 0;
    const watch = async (): Promise<number> => {
      if (values.watch) await followTimeline(admin, { after, forMs, json: values.json });
      return 0;
    };
    if (verb === 'list') {
      const faults = await callAdmin<readonly Fault[]>(admin, 'GET', '/api/faults');
      return say(faults, render(faults));
    }
    const [name, ...targets] = rest;
    if (verb === 'start' && name !== undefined) {
      const parameters = Object.fromEntries(
        (['ms', 'percent'] as const)
          .filter((key) => values[key] !== undefined)
          .map((key) => [key, numberOf(key, values[key] ?? '')]),
      );
      const spec = { action: name, targets, parameters, ...durationOf(values.duration) };
      const fault = await callAdmin<Fault>(admin, 'POST', '/api/faults', spec);
      say(fault, `${fault.id} started: ${words(fault)}. End it: orrery fault stop ${fault.id}`);
      return watch();
    }
    if (verb === 'stop' && values.all) {
      const faults = await callAdmin<readonly Fault[]>(admin, 'GET', '/api/faults');
      for (const { id } of faults) await callAdmin(admin, 'POST', '/api/faults/stop', { id });
      say(faults, `${faults.length} stopped.`);
      return watch();
    }
    if (verb === 'stop' && name !== undefined) {
      const which = /^fault-\d+$/.test(name) ? { id: name } : { action: name, targets };
      const fault = await callAdmin<Fault>(admin, 'POST', '/api/faults/stop', which);
      say(fault, `${fault.id} stopped: ${words(fault)}.`);
      return watch();
    }
    throw usageError('Say start, stop or list, and which fault. See: orrery fault --help');
  },
};
