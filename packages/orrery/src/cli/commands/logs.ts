/** `orrery logs`: what the Lambda functions of all regions printed. */
import type { LogAnswer, LogLine } from '../../regions/logs.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, usageError, wholeNumber } from '../command.ts';
import { type Colour, formatTime, out, parseDurationMs } from '../terminal.ts';

const help = `Usage: orrery logs [function] [--region <region>] [--since 10m] [--limit 200] [--follow]

Prints the log lines of Lambda functions in all regions, oldest first.

Options:
  --region <id>     only this region
  --since <time>    how far back (default 10m)
  --limit <n>       the newest n lines (default 200)
  -f, --follow      go on as lines come, until Ctrl-C
${clientOptionsHelp}

Examples:
  orrery logs
  orrery logs create-order --region eu-central-1 --follow`;

const options = {
  ...clientOptions,
  region: { type: 'string' },
  since: { type: 'string', default: '10m' },
  limit: { type: 'string' },
  follow: { type: 'boolean', short: 'f', default: false },
} as const;

/** Lines between two looks; `--limit` is about what was there before. */
const followLimit = 10_000;

const colours: readonly Colour[] = ['cyan', 'yellow', 'green', 'blue'];

/** Prints lines, each region in a colour of its own. */
function linePrinter(): (lines: readonly LogLine[]) => void {
  const colourOf = new Map<string, Colour>();
  return (lines) => {
    for (const line of lines) {
      const next = colours[colourOf.size % colours.length] ?? 'cyan';
      const colour = colourOf.get(line.region) ?? next;
      colourOf.set(line.region, colour);
      const head = `${formatTime(line.atMs)} ${line.region} ${line.group.replace(/^.*\//, '')}`;
      console.log(`${out(colour, head)} ${line.message.trimEnd()}`);
    }
  };
}

export const logsCommand: Command = {
  name: 'logs',
  summary: 'what the Lambda functions printed',
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('logs', args, options);
    const sinceMs = parseDurationMs(values.since);
    if (sinceMs === undefined)
      throw usageError(`--since takes 30s, 5m or 1h, not "${values.since}".`);
    const limit = wholeNumber('limit', values.limit, 200, [1, 10_000]);
    const admin = findAdminUrl(values.admin);
    const from = Date.now() - sinceMs;
    let cursors: Readonly<Record<string, number>> = {};
    const fetchLines = async (limit: number): Promise<LogAnswer> => {
      const after = Object.entries(cursors).map(([region, cursor]) => `${region}:${cursor}`);
      const query = new URLSearchParams({
        since: String(from),
        limit: String(limit),
        after: after.join(','),
      });
      if (values.region !== undefined) query.set('region', values.region);
      if (positionals[0] !== undefined) query.set('group', positionals[0]);
      const answer = await callAdmin<LogAnswer>(admin, 'GET', `/api/logs?${query}`);
      cursors = { ...cursors, ...answer.cursors };
      return answer;
    };
    const found = await fetchLines(limit);
    if (values.json) {
      console.log(JSON.stringify(found, null, 2));
      return 0;
    }
    const print = linePrinter();
    print(found.items);
    if (found.items.length === 0 && !values.follow) {
      console.error('No log line in that time. Invoke a function, or look further: --since 1h');
    }
    if (found.unreachable.length > 0) {
      console.error(`Not asked, because unreachable: ${found.unreachable.join(', ')}`);
    }
    while (values.follow) {
      await new Promise((wake) => setTimeout(wake, 500));
      print((await fetchLines(followLimit)).items);
    }
    return 0;
  },
};
