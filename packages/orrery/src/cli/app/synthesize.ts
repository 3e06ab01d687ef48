/**
 * Runs a CDK app and waits for its cloud assembly, as the CDK CLI does: the app is a program that
 * finds in its environment where to write and for whom. Owns the child process, its environment
 * and the message for an app that fails. Refuses to own reading the assembly.
 *
 * Y1  The app has ended, one way or another, when `synthesize` returns or throws.
 * Y2  What the app printed is part of the message of a failure, its last lines at least.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { AppError } from './app-error.ts';

export interface SynthesizeOptions {
  /** A program and its arguments, or a line for the shell. */
  readonly command: readonly [program: string, ...string[]] | string;
  readonly directory: string;
  /** Where the app writes its assembly. */
  readonly outDirectory: string;
  readonly accountId: string;
  readonly defaultRegion: string;
  /** Context values, as `cdk -c name=value` gives them. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly timeLimitMs: number;
}

/** Of what the app prints, this much is kept, from the end. */
const outputKeptMax = 16_384;
const messageLinesMax = 30;

/** Runs the app to its end. Throws `AppError` with the app's own words where it fails. */
export async function synthesize(options: SynthesizeOptions): Promise<void> {
  const context = {
    ...(await contextOf(options.directory)),
    'aws:cdk:bundling-stacks': ['**'],
    'aws:cdk:version-reporting': false,
    ...options.context,
  };
  const ran = await run(options, {
    ...process.env,
    // The node that runs Orrery comes first, so that `node app.ts` runs TypeScript.
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    CDK_OUTDIR: options.outDirectory,
    CDK_DEFAULT_ACCOUNT: options.accountId,
    CDK_DEFAULT_REGION: options.defaultRegion,
    CDK_CONTEXT_JSON: JSON.stringify(context),
    // The library's built-in template checks cost seconds; CloudFormation's own errors remain.
    CDK_VALIDATION: 'false',
    FORCE_COLOR: '0',
  });
  if (ran.timedOut) {
    throw new AppError(
      `the app did not end within ${options.timeLimitMs / 1000} s: ${shown(options)}\n` +
        lastLines(ran.output),
    );
  }
  if (ran.spawnError !== undefined) {
    throw new AppError(`cannot run ${shown(options)}: ${ran.spawnError}`);
  }
  if (ran.code !== 0) {
    const how = ran.signal === null ? `exit code ${ran.code}` : ran.signal;
    throw new AppError(
      `the app failed (${how}): ${shown(options)}\n${lastLines(ran.output)}${hint(ran.output)}`,
    );
  }
  if (!existsSync(join(options.outDirectory, 'manifest.json'))) {
    throw new AppError(
      `the app ended well but wrote no stacks: ${shown(options)}\n` +
        `It should make an \`App\` of aws-cdk-lib, and not set its \`outdir\`.\n${lastLines(ran.output)}`,
    );
  }
}

interface Ran {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
  readonly timedOut: boolean;
  readonly spawnError?: string;
}

function run(options: SynthesizeOptions, environment: NodeJS.ProcessEnv): Promise<Ran> {
  const { command } = options;
  const settings = {
    cwd: options.directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that the time limit also ends what the app started.
    detached: process.platform !== 'win32',
  };
  const child =
    typeof command === 'string'
      ? spawn(command, { ...settings, shell: true })
      : spawn(command[0], command.slice(1), settings);
  let output = '';
  const keep = (piece: Buffer): void => {
    output = (output + piece.toString('utf8')).slice(-outputKeptMax);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, options.timeLimitMs);
    const stop = (): void => killGroup(child.pid);
    process.once('exit', stop);
    const settle = (ran: Ran): void => {
      clearTimeout(timer);
      process.off('exit', stop);
      resolve(ran);
    };
    child.once('error', (error) => {
      settle({ code: null, signal: null, output, timedOut, spawnError: error.message });
    });
    child.once('close', (code, signal) => settle({ code, signal, output, timedOut }));
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Context of the app's own files, weaker than that of the command line, as in the CDK CLI. */
async function contextOf(directory: string): Promise<Record<string, unknown>> {
  const settings = await readIfThere(join(directory, 'cdk.json'));
  const looked = await readIfThere(join(directory, 'cdk.context.json'));
  return { ...(settings['context'] as Record<string, unknown> | undefined), ...looked };
}

/** A JSON object file, or an empty object where there is none. */
export async function readIfThere(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new AppError(`${path} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function shown({ command, directory }: SynthesizeOptions): string {
  const line = typeof command === 'string' ? command : command.join(' ');
  return `${line}  (in ${directory})`;
}

function lastLines(output: string): string {
  const lines = output.trimEnd().split('\n');
  return lines.length <= messageLinesMax
    ? lines.join('\n')
    : `…\n${lines.slice(-messageLinesMax).join('\n')}`;
}

/** What usually helps, for the two failures that are not the app's own. */
function hint(output: string): string {
  if (output.includes("Cannot find package 'aws-cdk-lib'")) {
    return '\n\nThe app needs its packages: run `npm install` in its directory.';
  }
  if (
    /ERR_MODULE_NOT_FOUND|ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX|ERR_UNSUPPORTED_DIR_IMPORT/.test(output)
  ) {
    return (
      '\n\nNode runs TypeScript as it stands: imports need their `.ts` endings, and enums do not ' +
      'work. For another loader, give a directory with a cdk.json whose `app` is the command.'
    );
  }
  return '';
}
