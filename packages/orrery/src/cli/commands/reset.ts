/** `orrery reset`: back to an empty cloud, running or not. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import {
  callAdmin,
  clientOptions,
  clientOptionsHelp,
  defaultDataDir,
  readRunFile,
} from '../admin-client.ts';
import { type Command, CommandError, readArguments } from '../command.ts';
import { dataDirMarker } from '../data-dir.ts';

const help = `Usage: orrery reset [--data-dir .orrery] [--yes]

Deletes everything that the cloud has stored: tables, functions, zones, stacks. A running cloud
stops its regions, deletes, and starts again with its app deployed afresh; the one that does not
run loses its data directory.

Options:
  --data-dir <dir>  of a cloud that does not run (default ${defaultDataDir})
  -y, --yes         do not ask
${clientOptionsHelp}

Examples:
  orrery reset --yes`;

async function isSure(what: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CommandError(`This deletes ${what}. Say so with --yes.`, 2);
  }
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question(`Delete ${what}? [y/N] `);
  ask.close();
  return /^y(es)?$/i.test(answer.trim());
}

export const resetCommand: Command = {
  name: 'reset',
  summary: 'delete all data, start empty',
  help,
  run: async (args) => {
    const options = {
      ...clientOptions,
      'data-dir': { type: 'string', default: defaultDataDir },
      yes: { type: 'boolean', short: 'y', default: false },
    } as const;
    const { values } = readArguments('reset', args, options);
    const dataDir = values['data-dir'];
    const admin = values.admin ?? process.env['ORRERY_ADMIN'] ?? readRunFile(dataDir)?.admin;
    if (admin !== undefined) {
      if (!values.yes && !(await isSure(`all data of the cloud at ${admin}`))) return 1;
      await callAdmin(admin, 'POST', '/api/reset');
      console.log(
        values.json ? '{"reset":true}' : 'Deleted; the cloud is up again, empty but for its app.',
      );
      return 0;
    }
    if (!existsSync(join(dataDir, dataDirMarker))) {
      throw new CommandError(`${dataDir} is no data directory of Orrery: nothing was deleted.`);
    }
    if (!values.yes && !(await isSure(dataDir))) return 1;
    rmSync(dataDir, { recursive: true, force: true });
    console.log(values.json ? '{"reset":true}' : `Deleted ${dataDir}.`);
    return 0;
  },
};
