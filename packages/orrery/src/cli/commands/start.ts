/** `orrery start`: runs a cloud in the foreground until Ctrl-C. */
import { flushCompileCache } from 'node:module';
import type { CloudStatus } from '../../admin/api.ts';
import { StorageError } from '../../io/io.ts';
import { ListenError } from '../../io/node/listen-error.ts';
import { findAdminUrl } from '../admin-client.ts';
import { AppError } from '../app/app-error.ts';
import { type Command, CommandError } from '../command.ts';
import { readStartOptions, startHelp } from '../options.ts';
import { openSession, type Session, type SessionEvents } from '../session.ts';
import { formatMs, formatTime, out, paint } from '../terminal.ts';
import { regionTable, scaleNote } from './status.ts';

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function welcome(status: CloudStatus, app: string | undefined): string {
  const lines = [
    '',
    regionTable(status),
    '',
    `AWS endpoint  ${status.endpoint}   (any SDK: AWS_ENDPOINT_URL=${status.endpoint})`,
    `DNS           ${status.dns}`,
    `Client proxy  ${status.proxy.replace('//', '//<place>@')}`,
    `Console       ${status.admin}`,
  ];
  if (status.latency !== 'real') lines.push(`Latency       ${status.latency}`);
  if (status.timeScale !== 1) lines.push('', scaleNote(status.timeScale));
  return `${lines.join('\n')}\n\n${whatToTry(status, app)}`;
}

function whatToTry(status: CloudStatus, app: string | undefined): string {
  const host = firstHost(status);
  const run = (command: string): string => {
    const isFound = findAdminUrl(undefined) === status.admin;
    return `  npm run -s orrery -- ${command}${isFound ? '' : ` --admin ${status.admin}`}`;
  };
  if (app === undefined || host === undefined) {
    return [
      out('bold', 'Try:'),
      `  AWS_ENDPOINT_URL=${status.endpoint} aws dynamodb list-tables --region ${status.regions[0]?.id}`,
      run('status'),
      run('start <your CDK app>'),
    ].join('\n');
  }
  return [
    out('bold', 'Try, in another terminal:'),
    run(`dig --from tokyo ${host}`),
    run(
      `curl --from tokyo -d '{"id":"o-1","customer":"ada","item":"astrolabe"}' http://${host}/orders`,
    ),
    run(`curl --from frankfurt http://${host}/orders/o-1`),
    run('status'),
    run('logs'),
    '',
    out('bold', 'Now break a region:'),
    run('fault start region-outage ap-northeast-1'),
    `${run(`curl --from tokyo http://${host}/orders/o-1`)}    # fails, then moves`,
    run('fault stop region-outage ap-northeast-1'),
    '',
    out('grey', 'Ctrl-C stops everything; data stays.'),
  ].join('\n');
}

/** The name that clients of the app use: a health-checked record's, told by the edge. */
function firstHost(status: CloudStatus): string | undefined {
  return status.hostNames.find((name) => !name.includes('*'));
}

async function run(args: readonly string[]): Promise<number> {
  const options = readStartOptions(args);
  const startedAt = performance.now();
  let isStopping = false;
  const ended = untilSignal().then(() => {
    isStopping = true;
    if (!options.json) say('\nStopping …');
  });
  if (!options.json) say(`Starting ${options.app ?? 'an empty cloud'} …`);
  const events: SessionEvents = {
    step: (name, ms) => {
      if (!options.json && !isStopping) say(`  ${name.padEnd(34)} ${formatMs(ms)}`);
    },
    notice: (message) => {
      say(`${paint('yellow', formatTime(Date.now()), process.stderr)} ${message}`);
    },
  };
  let session: Session | undefined;
  try {
    session = await openSession(options, events, ended);
  } catch (error) {
    throw inWords(error);
  }
  // An app that is still being synthesized ends with us.
  if (session === undefined) process.exit(130);
  const status = await session.control.status();
  if (options.json) console.log(JSON.stringify({ event: 'ready', status }));
  else {
    say(`  ready ${formatMs(performance.now() - startedAt)} after the start`);
    console.log(welcome(status, options.app));
  }
  // Written now: a cloud that is killed would leave nothing for its next start.
  flushCompileCache();
  await ended;
  await session.close();
  return 0;
}

/** What a user can mend ends with a message; our own mistakes keep their stack. */
function inWords(error: unknown): unknown {
  const isForUsers =
    error instanceof AppError || error instanceof StorageError || error instanceof ListenError;
  return isForUsers ? new CommandError(error.message) : error;
}

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends at once. */
function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    const on = (): void => {
      count += 1;
      if (count === 1) resolve();
      else process.exit(130);
    };
    process.on('SIGINT', on);
    process.on('SIGTERM', on);
    process.on('SIGHUP', on);
  });
}

export const startCommand: Command = {
  name: 'start',
  summary: 'run a cloud, with or without an app',
  help: startHelp,
  run,
};
