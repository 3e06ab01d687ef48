/**
 * HTTP load over a fixed number of kept-alive connections, one request in flight on each, and the
 * processor time that a server's processes spend meanwhile.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly durationMs: number;
  /** The whole request as bytes, by its number. */
  readonly request: (n: number) => Buffer;
  /** Processes of the server; their children count too. */
  readonly pids: readonly number[];
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** Sends requests for a while. A status of 300 or more is a failure. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  let count = 0;
  let failures = 0;
  const cpuBefore = cpuSeconds(options.pids);
  const startedAt = performance.now();
  const until = startedAt + options.durationMs;
  await Promise.all(
    Array.from({ length: options.connections }, () =>
      oneConnection(options, until, (ok) => {
        count += 1;
        if (!ok) failures += 1;
        return count;
      }),
    ),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuSeconds(options.pids) - cpuBefore;
  return { requests: count, failures, perSecond: count / seconds, perCpuSecond: count / cpu };
}

function oneConnection(
  options: LoadOptions,
  until: number,
  done: (ok: boolean) => number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: options.host, port: options.port, noDelay: true });
    const reader = new ResponseReader();
    let n = Math.floor(Math.random() * 1e6);
    const send = (): void => {
      n += 1;
      socket.write(options.request(n));
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.on('data', (piece) => {
      const status = reader.push(piece);
      if (status === undefined) return;
      done(status < 300);
      if (performance.now() < until) send();
      else socket.end();
    });
  });
}

/** Just enough of HTTP/1.1 to know when an answer is whole. */
class ResponseReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(piece: Buffer): number | undefined {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece]);
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const head = this.#bytes.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    const whole =
      length === null
        ? this.#bytes.includes('\r\n0\r\n\r\n', end)
        : this.#bytes.length >= end + 4 + Number(length[1]);
    if (!whole) return undefined;
    this.#bytes = Buffer.alloc(0);
    return Number(head.slice(9, 12));
  }
}

/** User and system time of processes and their descendants, in seconds (Linux). */
export function cpuSeconds(pids: readonly number[]): number {
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
      const parent = Number(fields[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const sum = (pid: number): number =>
    (ticks.get(pid) ?? 0) +
    (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  return pids.reduce((total, pid) => total + sum(pid), 0) / 100;
}

/** A request as bytes; the body's length is filled in. */
export function httpRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body)) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`);
}
