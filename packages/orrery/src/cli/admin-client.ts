/**
 * Finds the running cloud and asks its admin interface. Owns the run file that `orrery start`
 * leaves in the data directory, and the words for a cloud that is not there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { CommandError, usageError } from './command.ts';

export const defaultDataDir = '.orrery';
export const defaultAdminUrl = 'http://127.0.0.1:4567';

/** Written by `orrery start` once the admin interface listens; removed when it ends. */
export interface RunFile {
  readonly pid: number;
  readonly admin: string;
}

export const runFilePath = (dataDir: string): string => join(dataDir, 'run.json');

/** The run file of a directory, or undefined where there is none or its process is gone. */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    const run = JSON.parse(readFileSync(runFilePath(dataDir), 'utf8')) as RunFile;
    process.kill(run.pid, 0);
    return run;
  } catch {
    return undefined;
  }
}

/** `--admin`, else ORRERY_ADMIN, else the nearest data directory upwards, else the default port. */
export function findAdminUrl(given: string | undefined): string {
  const named = given ?? process.env['ORRERY_ADMIN'];
  if (named !== undefined) return named.replace(/\/$/, '');
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const dataDir = join(folder, defaultDataDir);
    const run = existsSync(dataDir) ? readRunFile(dataDir) : undefined;
    if (run !== undefined) return run.admin;
    if (resolve(folder) === dirname(resolve(folder))) return defaultAdminUrl;
  }
}

/** Calls the admin interface. Throws `CommandError` with its own words, or exit code 3. */
export async function callAdmin<T>(
  adminUrl: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const url = /^https?:/.test(adminUrl) ? URL.parse(path, adminUrl) : null;
  if (url === null) {
    throw usageError(`--admin takes a URL such as ${defaultAdminUrl}, not "${adminUrl}".`);
  }
  const { status, text } = await send(url, method, body);
  const value: unknown = parse(text);
  if (status === 200) return value as T;
  const reason = (value as { error?: string } | undefined)?.error ?? `status ${status}: ${text}`;
  throw new CommandError(reason);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(url: URL, method: string, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((done, fail) => {
    const notThere = (): void =>
      fail(
        new CommandError(
          `No running Orrery at ${url.origin}. Start one with "npm start" or "orrery start", ` +
            'or name it with --admin <url>.',
          3,
        ),
      );
    let call: ReturnType<typeof httpRequest>;
    try {
      call = httpRequest(url, { method, headers: { 'content-type': 'application/json' } });
    } catch {
      notThere();
      return;
    }
    call.on('error', notThere);
    call.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', notThere);
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
      );
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Options that every client command takes. */
export const clientOptions = {
  admin: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const clientOptionsHelp = `  --admin <url>     admin interface (default: the nearest .orrery/run.json, else ${defaultAdminUrl})
  --json            machine-readable output
  -h, --help        this text`;
