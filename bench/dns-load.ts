/** DNS load over UDP: so many questions on their way, and what the server's answers cost it. */
import { createSocket } from 'node:dgram';
import { cpuSeconds, type LoadResult, stayAwake } from './load.ts';

const inFlight = 64;
const durationMs = 1_000;

export interface Target {
  readonly port: number;
  readonly pid: number;
  readonly packets: readonly Buffer[];
  /** The echo only says what it heard. */
  readonly answers: boolean;
}

/** Keeps `inFlight` queries on their way; a lost one is sent again after a while. */
export function ask({ port, pid, packets, answers }: Target): Promise<LoadResult> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _o, done) => done(null, host, 4) });
  let count = 0;
  let failures = 0;
  let sent = 0;
  const send = (): void => {
    sent += 1;
    socket.send(packets[sent % packets.length] ?? '', port, '127.0.0.1');
  };
  return new Promise((done) => {
    const cpuBefore = cpuSeconds([pid], 'alone');
    const startedAt = performance.now();
    socket.on('message', (answer) => {
      count += 1;
      const isRight = (answer.readUInt8(3) & 15) === 0 && answer.readUInt16BE(6) === 1;
      if (answers && !isRight) failures += 1;
      send();
    });
    const rest = stayAwake();
    for (let n = 0; n < inFlight; n += 1) send();
    setTimeout(() => {
      rest();
      const seconds = (performance.now() - startedAt) / 1000;
      const cpu = cpuSeconds([pid], 'alone') - cpuBefore;
      socket.close();
      done({ requests: count, failures, perSecond: count / seconds, perCpuSecond: count / cpu });
    }, durationMs);
  });
}

/** Asks one question after the other; how long each waited for its answer, in microseconds. */
export async function askInTurn({ port, packets }: Target, count: number): Promise<number[]> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _o, done) => done(null, host, 4) });
  const rest = stayAwake();
  const first = Math.floor(Math.random() * packets.length);
  const waits: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const answered = new Promise((done) => socket.once('message', done));
    const sentAt = performance.now();
    socket.send(packets[(first + n) % packets.length] ?? '', port, '127.0.0.1');
    await answered;
    waits.push((performance.now() - sentAt) * 1_000);
  }
  rest();
  socket.close();
  return waits;
}
