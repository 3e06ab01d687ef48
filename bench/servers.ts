/** Starts what is measured, each in a process of its own, and stops it at the end. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

const started: ChildProcess[] = [];
const folders: string[] = [];
process.on('exit', () => {
  for (const child of started) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-bench-'));
  folders.push(folder);
  return folder;
}

/** A script of this folder that sends its port to its parent. */
export function forkServer(script: string): Promise<Server> {
  const child = fork(join(import.meta.dirname, script), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  started.push(child);
  return new Promise((ready, fail) => {
    child.once('exit', (code) => fail(new Error(`${script} ended with ${code}`)));
    child.once('message', (port) =>
      ready({ port: Number(port), pid: child.pid ?? 0, stop: () => child.kill('SIGKILL') }),
    );
  });
}

/** A program that says on its output when it is ready. */
export function spawnServer(
  program: string,
  args: readonly string[],
  ready: RegExp,
  options: { readonly port: number; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Server> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  });
  started.push(child);
  let said = '';
  return new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`${program} ended with ${code}: ${said}`)));
    child.once('error', fail);
    const listen = (piece: Buffer): void => {
      if (said.length < 10_000) said += piece.toString();
      if (!ready.test(said)) return;
      done({ port: options.port, pid: child.pid ?? 0, stop: () => child.kill('SIGKILL') });
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
  });
}

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
