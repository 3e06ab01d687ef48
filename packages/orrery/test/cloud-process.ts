/**
 * A real cloud for whole-stack tests: `orrery start --json` in a child process on free ports, with
 * a data directory of its own. Ends with the test, whatever happens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CloudStatus } from '../src/admin/api.ts';

const main = resolve(import.meta.dirname, '..', 'src', 'cli', 'main.ts');

export interface CloudProcess {
  readonly status: CloudStatus;
  readonly dataDir: string;
  readonly pid: number;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Runs another `orrery` command against it. */
  orrery(...args: readonly string[]): Promise<CommandResult>;
  admin<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Sends a signal (SIGTERM unless told otherwise) and waits for the end; keeps the data. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** `stop`, then deletes the data directory. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CloudProcessOptions {
  /** Arguments of `orrery start` beyond the ports and the data directory. */
  readonly args?: readonly string[];
  /** To go on with the data of an earlier cloud. */
  readonly dataDir?: string;
}

/** Starts a cloud and resolves when it is ready; rejects with its stderr where it fails. */
export async function startCloud(options: CloudProcessOptions = {}): Promise<CloudProcess> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'orrery-test-'));
  const ports = ['port', 'dns-port', 'proxy-port', 'admin-port'].map((name) => `--${name}=0`);
  const child = spawn(
    process.execPath,
    [main, 'start', ...(options.args ?? []), '--json', `--data-dir=${dataDir}`, ...ports],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  // A test that dies must not leave a cloud behind.
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.on('exit', killWithUs);
  let stderr = '';
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece.toString();
  });
  const ended = new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
  const status = await untilReady(child, ended, () => stderr);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const code = await ended;
    process.off('exit', killWithUs);
    return code;
  };
  return {
    status,
    dataDir,
    pid: child.pid ?? 0,
    stderr: () => stderr,
    orrery: (...args) => runOrrery([...args, '--admin', status.admin]),
    admin: (method, path, body) => callAdmin(status.admin, method, path, body),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      // What a killed execution environment had begun to write may still come.
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

function untilReady(
  child: ChildProcess,
  ended: Promise<number | null>,
  stderr: () => string,
): Promise<CloudStatus> {
  return new Promise((ready, fail) => {
    let text = '';
    void ended.then((code) => fail(new Error(`orrery start ended with ${code}: ${stderr()}`)));
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString();
      const line = text.split('\n').find((one) => one.startsWith('{"event":"ready"'));
      if (line !== undefined && text.endsWith('\n')) {
        ready((JSON.parse(line) as { status: CloudStatus }).status);
      }
    });
  });
}

/** Runs `orrery` with arguments and collects what it prints. */
export function runOrrery(args: readonly string[], env = process.env): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece: Buffer) => {
    stdout += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    stderr += piece.toString();
  });
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })));
}

async function callAdmin<T>(
  admin: string,
  method: string,
  path: string,
  body: unknown,
): Promise<T> {
  const response = await fetch(new URL(path, admin), {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}
