/** Reads a file that an option names. Owns the words for files that cannot be read. */
import { readFileSync } from 'node:fs';
import { usageError } from './command.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'that is a directory',
  EACCES: 'it may not be read',
};

/** The bytes of the file. Throws `CommandError` naming option, path and reason. */
export function readOptionFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw usageError(`--${option}: "${path}" cannot be read: ${reasons[code] ?? code}.`);
  }
}
