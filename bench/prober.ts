/**
 * Single reads at a steady rate, in a process of its own: forked by `beside.ts`, which sends `Probe`,
 * and after it anything to have `Waited`. A read is sent when its time has come, whether those
 * before it were answered or not.
 */
import { dynamoDbRequest } from './dynamodb-request.ts';
import { Connection } from './load.ts';

export interface Probe {
  readonly host: string;
  readonly port: number;
  readonly tableName: string;
  readonly itemCount: number;
  readonly perSecond: number;
}

/** Milliseconds. */
export interface Waited {
  readonly count: number;
  readonly failures: number;
  readonly median: number;
  readonly percentile99: number;
  readonly longest: number;
}

let probe: Probe | undefined;
let times: number[] = [];
let failures = 0;
let timer: NodeJS.Timeout | undefined;
const idle: Connection[] = [];

async function read({ host, port, tableName, itemCount }: Probe): Promise<void> {
  const id = { S: `item-${Math.floor(Math.random() * itemCount)}` };
  const bytes = dynamoDbRequest('GetItem', { TableName: tableName, Key: { id } });
  const sentAt = performance.now();
  // The one that has been idle for the shortest time: the others may be being closed.
  let connection = idle.pop();
  if (connection?.isOpen !== true) connection = new Connection(host, port);
  const isRight = await connection.send(bytes).catch(() => false);
  if (!isRight) failures += 1;
  times.push(performance.now() - sentAt);
  if (connection.isOpen) idle.push(connection);
}

function waited(): Waited {
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const { length: count } = times;
  return { count, failures, median: at(0.5), percentile99: at(0.99), longest: at(1) };
}

process.on('message', (message: Probe) => {
  if (probe === undefined) {
    probe = message;
    const [started, startedAt] = [probe, performance.now()];
    let sent = 0;
    timer = setInterval(() => {
      const due = ((performance.now() - startedAt) / 1_000) * started.perSecond;
      for (; sent < due; sent += 1) void read(started);
    }, 1);
    return;
  }
  clearInterval(timer);
  process.send?.(waited());
  probe = undefined;
  times = [];
  failures = 0;
});
