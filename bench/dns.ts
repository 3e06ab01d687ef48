/** DNS answers for a health-checked latency record of three regions, against a UDP echo. */
import { createSocket } from 'node:dgram';
import { resolve } from 'node:path';
import { clientSubnetOption } from '../packages/orrery/src/wire/dns/edns.ts';
import { queryMessage, serializeMessage } from '../packages/orrery/src/wire/dns/message.ts';
import { places } from '../packages/orrery/src/world/places.ts';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { cpuSeconds, type LoadResult, stayAwake } from './load.ts';
import { startPowerDns } from './powerdns.ts';
import { type Contender, report, rounds } from './rounds.ts';
import { forkServer } from './servers.ts';

const inFlight = 64;
const durationMs = 1_500;
const app = resolve(import.meta.dirname, '..', 'examples', 'orders');

/** The question for a name from every place in turn. */
const questions = (name: string): readonly Buffer[] =>
  places.map((place, index) =>
    Buffer.from(
      serializeMessage(
        queryMessage({
          id: index,
          name,
          type: 1,
          edns: { options: [clientSubnetOption(place.subnet)] },
        }),
      ),
    ),
  );
const latencyRecord = questions('api.orders.test.');
const plainRecord = questions('plain.orders.test.');

interface Target {
  readonly port: number;
  readonly pid: number;
  readonly packets: readonly Buffer[];
  /** The echo only says what it heard. */
  readonly answers: boolean;
}

/** Keeps `inFlight` queries on their way; a lost one is sent again after a while. */
function ask({ port, pid, packets, answers }: Target): Promise<LoadResult> {
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

export async function run(): Promise<void> {
  await using cloud = await startCloud({ args: [app] });
  const echo = await forkServer('dns-echo.ts');
  const powerDns = await startPowerDns();
  const port = Number(cloud.status.dns.split(':')[1]);
  const contender = (name: string, target: Target): Contender => ({
    name,
    run: () => ask(target),
  });
  const packets = latencyRecord;
  const contenders = [
    // Only the edge answers: region processes are its children, but their time is not DNS's.
    contender('orrery', { port, pid: cloud.pid, packets, answers: true }),
    contender('node dgram echo', { ...echo, packets, answers: false }),
  ];
  if (powerDns !== undefined) {
    const { pid } = powerDns;
    const target = { port: powerDns.port, pid, answers: true };
    contenders.push(
      contender('PowerDNS, LUA view', { ...target, packets }),
      contender('PowerDNS, one plain A record', { ...target, packets: plainRecord }),
    );
  }
  const standings = await rounds(contenders, 5);
  report('DNS, latency record of three regions', standings, 'goal ≥ 0.6 × the echo');
  if (powerDns === undefined) console.log('  PowerDNS (pdns_server) is not installed: skipped');
  powerDns?.stop();
  echo.stop();
}
