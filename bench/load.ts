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
  /** Leaves its core to servers of several processes; see `stayAwake`. */
  readonly sleeps?: boolean;
  /** What every right answer holds in its body. */
  readonly expected?: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** Sends requests for a while. A status other than 2xx, or the wrong body, is a failure. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  let count = 0;
  let failures = 0;
  const cpuBefore = cpuSeconds(options.pids);
  const startedAt = performance.now();
  const until = startedAt + options.durationMs;
  const rest = options.sleeps === true ? () => {} : stayAwake();
  await Promise.all(
    Array.from({ length: options.connections }, () =>
      oneConnection(options, until, (ok) => {
        count += 1;
        if (!ok) failures += 1;
      }),
    ),
  );
  rest();
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuSeconds(options.pids) - cpuBefore;
  return { requests: count, failures, perSecond: count / seconds, perCpuSecond: count / cpu };
}

/**
 * Keeps this process from sleeping until the returned function is called. Waking a sleeper costs the
 * one who sends, on virtual machines as much as the rest of a small request, and only a server that
 * is faster than its client would pay it.
 */
export function stayAwake(): () => void {
  let awake = true;
  const turn = (): void => {
    if (awake) setImmediate(turn);
  };
  turn();
  return () => {
    awake = false;
  };
}

async function oneConnection(
  options: LoadOptions,
  until: number,
  done: (ok: boolean) => void,
): Promise<void> {
  const connection = new Connection(options.host, options.port, options.expected);
  let n = Math.floor(Math.random() * 1e6);
  do {
    n += 1;
    done(await connection.send(options.request(n)));
  } while (performance.now() < until);
  connection.end();
}

/** Sends all there is, over so many connections; throws where one answer is none of success. */
export async function sendAll(
  { host, port, connections }: Pick<LoadOptions, 'host' | 'port' | 'connections'>,
  requests: Iterator<Buffer>,
): Promise<void> {
  const worker = async (): Promise<void> => {
    const connection = new Connection(host, port);
    for (let next = requests.next(); next.done !== true; next = requests.next()) {
      if (!(await connection.send(next.value))) throw new Error('a request has failed');
    }
    connection.end();
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

/** A kept-alive connection with one request in flight at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  /** A server closes what has been idle for some seconds. */
  isOpen = true;
  #settle: { done: (isRight: boolean) => void; fail: (error: Error) => void } | undefined;

  constructor(host: string, port: number, expected = '') {
    this.#reader = new ResponseReader(expected);
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('error', (error) => this.#settle?.fail(error));
    this.#socket.on('close', () => {
      this.isOpen = false;
      this.#settle?.fail(new Error('the connection was closed'));
    });
    this.#socket.on('data', (piece) => {
      const isRight = this.#reader.push(piece);
      if (isRight !== undefined) this.#settle?.done(isRight);
    });
  }

  /** Whether the answer is a right one. */
  send(request: Buffer): Promise<boolean> {
    return new Promise((done, fail) => {
      this.#settle = { done, fail };
      this.#socket.write(request);
    });
  }

  end(): void {
    this.#settle = undefined;
    this.#socket.end();
  }
}

/** Just enough of HTTP/1.1 to know when an answer is whole, and whether it is the right one. */
class ResponseReader {
  readonly #expected: string;
  #pieces: Buffer[] = [];
  #size = 0;
  #head = '';
  #bodyStart = 0;
  /** Of head and body; NaN where the body comes in chunks. */
  #wholeSize = 0;

  constructor(expected: string) {
    this.#expected = expected;
  }

  /** Undefined until the answer is whole. */
  push(piece: Buffer): boolean | undefined {
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#head === '' && !this.#readHead()) return undefined;
    if (Number.isNaN(this.#wholeSize)) {
      if (!Buffer.concat(this.#pieces).includes('\r\n0\r\n\r\n', this.#bodyStart - 2))
        return undefined;
    } else if (this.#size < this.#wholeSize) return undefined;
    const isRight =
      /^HTTP\/1.1 2\d\d /.test(this.#head) &&
      Buffer.concat(this.#pieces).includes(this.#expected, this.#bodyStart);
    this.#pieces = [];
    this.#size = 0;
    this.#head = '';
    return isRight;
  }

  #readHead(): boolean {
    const bytes = Buffer.concat(this.#pieces);
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) return false;
    this.#pieces = [bytes];
    this.#head = bytes.toString('latin1', 0, end);
    this.#bodyStart = end + 4;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head)?.[1];
    this.#wholeSize = length === undefined ? Number.NaN : this.#bodyStart + Number(length);
    return true;
  }
}

/** User and system time of processes, by default with their descendants, in seconds (Linux). */
export function cpuSeconds(
  pids: readonly number[],
  whose: 'alone' | 'with descendants' = 'with descendants',
): number {
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
    (whose === 'alone' ? [] : (children.get(pid) ?? [])).reduce(
      (total, child) => total + sum(child),
      0,
    );
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
