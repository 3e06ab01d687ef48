/**
 * The `orrery` command: finds the subcommand, prints help, turns errors into words and exit codes.
 * Exit codes: 0 done, 1 failed, 2 used wrongly, 3 no running cloud.
 */
import { flushCompileCache } from 'node:module';
import { type Command, CommandError } from './command.ts';
import { useCompileCache } from './compile-cache.ts';
import { out, paint } from './terminal.ts';
import { version } from './version.ts';

/** Loaded on demand: `orrery status` must not pay for the whole cloud. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/start.ts')).startCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  deploy: async () => (await import('./commands/deploy.ts')).deployCommand,
  destroy: async () => (await import('./commands/destroy.ts')).destroyCommand,
  dig: async () => (await import('./commands/dig.ts')).digCommand,
  curl: async () => (await import('./commands/curl.ts')).curlCommand,
  fault: async () => (await import('./commands/fault.ts')).faultCommand,
  timeline: async () => (await import('./commands/timeline.ts')).timelineCommand,
  'routing-control': async () =>
    (await import('./commands/routing-control.ts')).routingControlCommand,
  conflicts: async () => (await import('./commands/conflicts.ts')).conflictsCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  places: async () => (await import('./commands/places.ts')).placesCommand,
  reset: async () => (await import('./commands/reset.ts')).resetCommand,
};

async function help(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...all.map(({ name }) => name.length));
  const rows = all.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `${out('bold', 'orrery')}: a working model of a multi-region AWS on one machine

Usage: orrery <command> [options]

Commands:
${rows.join('\n')}

Each command explains itself: orrery <command> --help

Examples:
  orrery start examples/orders
  orrery dig --from tokyo api.orders.test
  orrery fault start region-outage ap-northeast-1`;
}

async function run(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version' || name === '-v') {
    console.log(version);
    return 0;
  }
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(await help());
    return name === undefined ? 2 : 0;
  }
  const load = commands[name];
  if (load === undefined) {
    throw new CommandError(`There is no command "${name}". See: orrery --help`, 2);
  }
  const command = await load();
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(command.help);
    return 0;
  }
  return command.run(rest);
}

useCompileCache();

/** A closed pipe (`orrery logs | head`) is no error. */
process.stdout.on('error', () => process.exit(0));

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  console.error(`${paint('red', 'orrery:', process.stderr)} ${error.message}`);
  process.exitCode = error.exitCode;
}
flushCompileCache();
