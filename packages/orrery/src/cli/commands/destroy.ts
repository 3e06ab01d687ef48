/** `orrery destroy`: deletes the stacks of the app that runs. */
import type { DeployedStack } from '../../admin/api.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments } from '../command.ts';
import { stackTable } from './deploy.ts';

const help = `Usage: orrery destroy

Deletes the stacks of the app that runs, in reverse order. What a template retains stays, as do tables
and zones that were made by hand; "orrery reset" deletes everything.

Options:
${clientOptionsHelp}

Examples:
  orrery destroy`;

export const destroyCommand: Command = {
  name: 'destroy',
  summary: 'delete the stacks of the app that runs',
  help,
  run: async (args) => {
    const { values } = readArguments('destroy', args, clientOptions);
    const admin = findAdminUrl(values.admin);
    const stacks = await callAdmin<readonly DeployedStack[]>(admin, 'POST', '/api/destroy');
    console.log(values.json ? JSON.stringify(stacks, null, 2) : stackTable(stacks));
    return 0;
  },
};
