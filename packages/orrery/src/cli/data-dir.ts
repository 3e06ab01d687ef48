/**
 * The data directory: who may use it and what lies where. Owns the marker that tells it from a
 * directory of somebody else's, and the words for one that cannot be used.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readRunFile } from './admin-client.ts';
import { CommandError } from './command.ts';

export const dataDirMarker = 'orrery-data.json';

/** Version of what lies in it; a later Orrery that lays it out otherwise counts on. */
const layout = 1;

export const edgeDir = (dataDir: string): string => join(dataDir, 'edge');
export const regionDir = (dataDir: string, region: string): string => join(dataDir, region);

/** One folder after the other: Node's recursive mkdir never ends where it may not write (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path));
  mkdirSync(path);
}

/**
 * Makes or checks the data directory and returns its absolute path. Throws `CommandError` where
 * it is in use, not ours, of another layout, or not writable.
 */
export function prepareDataDir(given: string): string {
  const dataDir = resolve(given);
  const marker = join(dataDir, dataDirMarker);
  try {
    makeDirectory(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    if (!existsSync(marker)) {
      const strangers = readdirSync(dataDir);
      if (strangers.length > 0) {
        throw new CommandError(
          `${dataDir} holds files that are not Orrery's (${strangers.slice(0, 3).join(', ')} …). ` +
            'Choose an empty directory with --data-dir.',
        );
      }
      writeFileSync(marker, JSON.stringify({ layout }));
    }
    const found = JSON.parse(readFileSync(marker, 'utf8')) as { layout?: number };
    if (found.layout !== layout) {
      throw new CommandError(
        `${dataDir} has layout ${found.layout}, this Orrery reads layout ${layout}. ` +
          'Delete it ("orrery reset") or choose another with --data-dir.',
      );
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      `The data directory ${dataDir} cannot be used: ${reason}. Mend its permissions, or choose ` +
        'another with --data-dir.',
    );
  }
  const run = readRunFile(dataDir);
  if (run !== undefined && run.pid !== process.pid) {
    throw new CommandError(
      `${dataDir} is in use by a running Orrery (process ${run.pid}, ${run.admin}). ` +
        'Stop that one, or choose another directory with --data-dir and other ports with --port.',
    );
  }
  return dataDir;
}
