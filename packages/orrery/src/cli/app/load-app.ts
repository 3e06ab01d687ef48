/**
 * From a path that the user gives to the stacks that are to be deployed. The path may be
 *
 *   a CDK app        `app.ts`, `.mts`, `.js`, `.mjs`, `.cjs`: run by this Node
 *   a directory      with `cdk.json` (its `app` command is run) or a ready assembly (`cdk.out`)
 *   a template       `.json`, `.yaml`, `.yml`: one stack, in the default region
 *
 * Owns the choice. Refuses to own running (`synthesize.ts`), reading (`cloud-assembly.ts`) and
 * deploying (`deploy.ts`).
 */
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { ServiceError } from '../../endpoint/service.ts';
import { parseTemplate } from '../../services/cloudformation/template/parse.ts';
import { AppError } from './app-error.ts';
import { type AppStack, readCloudAssembly } from './cloud-assembly.ts';
import { readIfThere, type SynthesizeOptions, synthesize } from './synthesize.ts';

export interface LoadedApp {
  /** The path as it was found, absolute. */
  readonly path: string;
  readonly stacks: readonly AppStack[];
  readonly timings: { readonly synthesizeMs: number; readonly readMs: number };
}

export interface LoadOptions {
  readonly accountId?: string;
  /** Region of stacks that name none. */
  readonly defaultRegion?: string;
  /** Context values, as `cdk -c name=value` gives them. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Where a CDK app writes; `cdk.out` beside it unless told otherwise. */
  readonly outDirectory?: string;
  readonly timeLimitMs?: number;
}

type Settings = Required<Omit<LoadOptions, 'outDirectory'>> & Pick<LoadOptions, 'outDirectory'>;

/** Loads the app. Throws `AppError` with a message for the terminal. */
export async function loadApp(path: string, options: LoadOptions = {}): Promise<LoadedApp> {
  const settings: Settings = {
    accountId: options.accountId ?? '000000000000',
    defaultRegion: options.defaultRegion ?? 'us-east-1',
    context: options.context ?? {},
    timeLimitMs: options.timeLimitMs ?? 120_000,
    ...(options.outDirectory === undefined ? {} : { outDirectory: options.outDirectory }),
  };
  const found = resolve(path);
  if (!existsSync(found)) throw new AppError(`no such app: ${found}`);

  const startMs = performance.now();
  const assembly = await assemblyOf(found, settings);
  const synthesizedMs = performance.now();
  const stacks =
    assembly === undefined
      ? [await templateStack(found, settings)]
      : await readCloudAssembly(assembly, settings);
  if (stacks.length === 0) throw new AppError(`${found} has no stacks`);
  return {
    path: found,
    stacks,
    timings: {
      synthesizeMs: Math.round(synthesizedMs - startMs),
      readMs: Math.round(performance.now() - synthesizedMs),
    },
  };
}

/** The directory of the cloud assembly, after running the app where there is one to run. */
async function assemblyOf(found: string, settings: Settings): Promise<string | undefined> {
  if (statSync(found).isDirectory()) {
    if (existsSync(join(found, 'manifest.json'))) return found;
    if (!existsSync(join(found, 'cdk.json'))) {
      throw new AppError(
        `${found} has neither a cdk.json (a CDK app) nor a manifest.json (a synthesized one)`,
      );
    }
    const { app, output } = await readIfThere(join(found, 'cdk.json'));
    if (typeof app !== 'string' || app === '') {
      throw new AppError(`${join(found, 'cdk.json')} has no "app" command`);
    }
    return await runApp(app, found, typeof output === 'string' ? output : 'cdk.out', settings);
  }
  if (/^\.[cm]?[jt]s$/.test(extname(found))) {
    const directory = packageDirectory(dirname(found));
    return await runApp([process.execPath, found], directory, 'cdk.out', settings);
  }
  return basename(found) === 'manifest.json' ? dirname(found) : undefined;
}

async function runApp(
  command: SynthesizeOptions['command'],
  directory: string,
  output: string,
  settings: Settings,
): Promise<string> {
  const outDirectory = resolve(directory, settings.outDirectory ?? output);
  await synthesize({ ...settings, command, directory, outDirectory });
  return outDirectory;
}

/** The nearest directory upwards with a `cdk.json`, for its context; the app's own without one. */
function packageDirectory(start: string): string {
  for (let directory = start; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'cdk.json'))) return directory;
    if (existsSync(join(directory, 'package.json')) || directory === dirname(directory)) {
      return start;
    }
  }
}

async function templateStack(path: string, settings: Settings): Promise<AppStack> {
  const templateBody = await readFile(path, 'utf8');
  try {
    await parseTemplate(templateBody);
  } catch (error) {
    if (error instanceof ServiceError) throw new AppError(`${path}: ${error.message}`);
    throw error;
  }
  const name = basename(path)
    .replace(/(\.template)?\.[^.]+$/, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^[^A-Za-z]+|-+$/g, '')
    .slice(0, 128);
  return {
    id: name || 'stack',
    name: name || 'stack',
    region: settings.defaultRegion,
    templateBody,
    dependsOn: [],
    assets: [],
    tags: {},
  };
}
