/** `orrery conflicts`: the writes that last-writer-wins set aside. */
import type { Gathered } from '../../admin/api.ts';
import type { Conflict, ConflictSide } from '../../services/dynamodb/api.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, wholeNumber } from '../command.ts';
import { formatTime, out } from '../terminal.ts';

const help = `Usage: orrery conflicts [--limit 20] [--json]

Lists the concurrent writes to one item of a global table, newest first: which version won, which
lost, where and when each was written. The loser's item is shown, since no replica holds it any more.

Options:
  --limit <n>       how many (default 20)
${clientOptionsHelp}

Examples:
  orrery conflicts
  orrery conflicts --json | jq '.items[0].loser.item'`;

const side = (name: string, one: ConflictSide): string =>
  `  ${name}  ${one.version.region} at ${formatTime(one.writtenAtMs)} (${one.version.timestamp})\n` +
  `         ${one.item ?? '(deleted)'}`;

const render = (conflict: Conflict): string =>
  [
    `${out('bold', conflict.tableName)} ${conflict.key}`,
    side(out('green', 'won '), conflict.winner),
    side(out('red', 'lost'), conflict.loser),
    `  seen in ${conflict.detectedIn} at ${formatTime(conflict.detectedAtMs)}`,
  ].join('\n');

export const conflictsCommand: Command = {
  name: 'conflicts',
  summary: 'writes that last-writer-wins set aside',
  help,
  run: async (args) => {
    const options = { ...clientOptions, limit: { type: 'string' } } as const;
    const { values } = readArguments('conflicts', args, options);
    const limit = wholeNumber('limit', values.limit, 20, [1, 10_000]);
    const path = `/api/conflicts?limit=${limit}`;
    const found = await callAdmin<Gathered<Conflict>>(findAdminUrl(values.admin), 'GET', path);
    if (values.json) {
      console.log(JSON.stringify(found, null, 2));
      return 0;
    }
    if (found.items.length === 0) console.log('No conflict: no concurrent write has lost.');
    for (const conflict of found.items) console.log(render(conflict));
    if (found.unreachable.length > 0) {
      console.error(`Not asked, because unreachable: ${found.unreachable.join(', ')}`);
    }
    return 0;
  },
};
