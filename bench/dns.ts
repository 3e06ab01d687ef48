/** DNS answers for a health-checked latency record of three regions, against a UDP echo. */
import { createSocket } from 'node:dgram';
import { resolve } from 'node:path';
import { clientSubnetOption } from '../packages/orrery/src/wire/dns/edns.ts';
import { queryMessage, serializeMessage } from '../packages/orrery/src/wire/dns/message.ts';
import { places } from '../packages/orrery/src/world/places.ts';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { cpuSeconds, type LoadResult } from './load.ts';
import { report, rounds } from './rounds.ts';
import { forkServer } from './servers.ts';

const inFlight = 64;
const durationMs = 1_500;
const app = resolve(import.meta.dirname, '..', 'examples', 'orders');

const packets = places.map((place, index) =>
  Buffer.from(
    serializeMessage(
      queryMessage({
        id: index,
        name: 'api.orders.test.',
        type: 1,
        edns: { options: [clientSubnetOption(place.subnet)] },
      }),
    ),
  ),
);

/** Keeps `inFlight` queries on their way; a lost one is sent again after a while. */
function ask(port: number, pid: number): Promise<LoadResult> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _o, done) => done(null, host, 4) });
  let count = 0;
  let failures = 0;
  let sent = 0;
  const send = (): void => {
    sent += 1;
    socket.send(packets[sent % packets.length] ?? '', port, '127.0.0.1');
  };
  return new Promise((done) => {
    const cpuBefore = cpuSeconds([pid]);
    const startedAt = performance.now();
    socket.on('message', (answer) => {
      count += 1;
      if ((answer.readUInt8(3) & 15) !== 0) failures += 1;
      send();
    });
    for (let n = 0; n < inFlight; n += 1) send();
    setTimeout(() => {
      const seconds = (performance.now() - startedAt) / 1000;
      const cpu = cpuSeconds([pid]) - cpuBefore;
      socket.close();
      done({ requests: count, failures, perSecond: count / seconds, perCpuSecond: count / cpu });
    }, durationMs);
  });
}

export async function run(): Promise<void> {
  await using cloud = await startCloud({ args: [app] });
  const echo = await forkServer('dns-echo.ts');
  const port = Number(cloud.status.dns.split(':')[1]);
  const standings = await rounds(
    [
      // Only the edge answers: region processes are its children, but their time is not DNS's.
      { name: 'orrery', run: () => ask(port, cloud.pid) },
      { name: 'node dgram echo', run: () => ask(echo.port, echo.pid) },
    ],
    5,
  );
  report('DNS, latency record of three regions', standings, 'goal ≥ 0.6 × the echo');
  echo.stop();
}
