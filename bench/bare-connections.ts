/**
 * The bare limit of a probe: `node bare-connections.ts PORT PER_SECOND` connects, writes a request,
 * reads the answer and closes, as plainly as node:net lets it, and prints the processor time of one,
 * in µs. They begin in groups every 20 ms, as the probes of checks of 10 s do.
 */
import { connect } from 'node:net';

const [port, perSecond] = process.argv.slice(2).map(Number);
const warmUpMs = 2_000;
const measuredMs = 5_000;
const request =
  'GET / HTTP/1.1\r\nhost: 127.0.0.1:12345\r\nuser-agent: Amazon-Route53-Health-Check-Service ' +
  '(ref 00000000-0000-0000-0000-000000000000; report http://amzn.to/1vsZADi)\r\n' +
  'accept: */*\r\naccept-encoding: gzip, deflate\r\nconnection: close\r\n\r\n';
const buffer = Buffer.alloc(65_536);
let done = 0;

function one(): void {
  const callback = (length: number): boolean => {
    if (!buffer.toString('latin1', 0, length).startsWith('HTTP/1.1 200')) process.exit(1);
    done += 1;
    socket.destroy();
    return false;
  };
  const options = { host: '127.0.0.1', port: port ?? 0, autoSelectFamily: false };
  const socket = connect({ ...options, onread: { buffer, callback } });
  socket.on('connect', () => socket.write(request, 'latin1'));
  socket.on('error', () => process.exit(1));
}

const startedAt = performance.now();
let begun = 0;
setInterval(() => {
  const due = ((performance.now() - startedAt) / 1_000) * (perSecond ?? 0);
  for (; begun < due; begun += 1) one();
}, 20);
setTimeout(() => {
  const before = process.cpuUsage();
  const doneBefore = done;
  setTimeout(() => {
    const { user, system } = process.cpuUsage(before);
    console.log((user + system) / (done - doneBefore));
    process.exit();
  }, measuredMs);
}, warmUpMs);
