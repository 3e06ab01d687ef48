/** `orrery deploy [app]`: synthesizes and deploys to the running cloud; what is unchanged stays. */
import { resolve } from 'node:path';
import type { DeployedStack } from '../../admin/api.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, usageError } from '../command.ts';
import { formatMs, table } from '../terminal.ts';

const help = `Usage: orrery deploy [app]

Synthesizes an app (the one that "orrery start" was given, where none is named) and creates or
updates its stacks in the regions that run. Data stays.

Options:
${clientOptionsHelp}

Examples:
  orrery deploy
  orrery deploy ../my-app`;

/** Stack table, with outputs below. */
export function stackTable(stacks: readonly DeployedStack[]): string {
  const rows = stacks.map(({ name, region, action }) => [name, region, action]);
  const outputs = stacks.flatMap(({ name, outputs }) =>
    Object.entries(outputs).map(([key, value]) => `${name}.${key} = ${value}`),
  );
  return [table(['STACK', 'REGION', 'DONE'], rows), ...outputs].join('\n');
}

export const deployCommand: Command = {
  name: 'deploy',
  summary: 'deploy an app, or its changes, to the running cloud',
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('deploy', args, clientOptions);
    if (positionals.length > 1) throw usageError(`One app at a time: ${positionals.join(', ')}`);
    const [path] = positionals;
    const startedAt = performance.now();
    const stacks = await callAdmin<readonly DeployedStack[]>(
      findAdminUrl(values.admin),
      'POST',
      '/api/deploy',
      path === undefined ? {} : { app: resolve(path) },
    );
    if (values.json) console.log(JSON.stringify(stacks, null, 2));
    else console.log(`${stackTable(stacks)}\nDone in ${formatMs(performance.now() - startedAt)}.`);
    return 0;
  },
};
