/** `orrery timeline`: a failover step by step, from the fault to the client that is served again. */
import type { Timeline } from '../../trace/timeline.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, usageError, wholeNumber } from '../command.ts';
import { followTimeline } from '../follow-timeline.ts';
import { parseDurationMs } from '../terminal.ts';
import { incidentText } from '../timeline-text.ts';
import { scaleNote } from './status.ts';

const help = `Usage: orrery timeline [--last 3] [--follow [--for 30s]] [--json]

What happened since something broke, each step with its time: the fault, the first checker that saw it,
the votes, the health check's status, the places that DNS sends elsewhere, and of each place the first
client that failed, that looked up anew, and that was answered again. A step that several took part in
says until when. Clients are those of the client proxy (orrery curl, or any with it as HTTP proxy).

Options:
  --last <n>        so many incidents (default 3); a fault and its end are two
  --follow          goes on, with each step as it happens
  --for <time>      follows for 30s, 5m …
${clientOptionsHelp}

Examples:
  orrery timeline
  orrery timeline --follow --for 1m
  orrery fault start region-outage us-east-1 --watch`;

const options = {
  ...clientOptions,
  last: { type: 'string' },
  follow: { type: 'boolean', default: false },
  for: { type: 'string' },
} as const;

/** Reads `--for`. Throws `CommandError`. */
export function followTimeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms === undefined) throw usageError(`--for takes 30s, 5m or 1h, not "${text}".`);
  return ms;
}

export const timelineCommand: Command = {
  name: 'timeline',
  summary: 'a failover step by step: fault, votes, DNS, clients',
  help,
  run: async (args) => {
    const { values } = readArguments('timeline', args, options);
    const admin = findAdminUrl(values.admin);
    const last = wholeNumber('last', values.last, 3, [1, 1_000]);
    const forMs = followTimeOf(values.for);
    const { timeScale, incidents } = await callAdmin<Timeline>(admin, 'GET', '/api/timeline');
    const shown = incidents.slice(-last);
    if (values.json && !values.follow) {
      console.log(JSON.stringify({ timeScale, incidents: shown }, null, 2));
      return 0;
    }
    if (!values.json) {
      const note = scaleNote(timeScale);
      const texts = shown.length === 0 ? ['Nothing has happened so far.'] : shown.map(incidentText);
      console.log([...texts, ...(note === '' ? [] : [note])].join('\n\n'));
    }
    if (!values.follow) return 0;
    const seen = Math.max(0, ...incidents.flatMap(({ steps }) => steps.map(({ id }) => id)));
    await followTimeline(admin, { after: values.json ? 0 : seen, forMs, json: values.json });
    return 0;
  },
};
