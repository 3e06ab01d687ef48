/**
 * `npm run fuzz -- dns [--packets 10000000] [--seed 1]`: hostile packets at the name server, as many
 * as one has time for; every answer is checked, memory must not grow, other questions go on being
 * answered. `-- xml` is the same for the REST-XML API. A failure prints its seed and what was sent.
 */
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { rcodeName } from '../packages/orrery/src/wire/dns/constants.ts';

const data = '../packages/orrery/src/services/route53';
const { values, positionals } = parseArgs({
  options: {
    packets: { type: 'string' },
    requests: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const nowMs = (): number => performance.now();

function heapBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const mib = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
/** Seeds of one campaign: each has its own server, and memory is looked at between them. */
const perSeed = 1_000_000;
const maxGrowth = 16 * 1_048_576;

async function dns(count: number, firstSeed: number): Promise<void> {
  const { fuzzPackets } = await import(`${data}/data-plane/packets.fake.ts`);
  fuzzPackets(0, 100_000, nowMs);
  const before = heapBytes();
  const codes = new Map<number, number>();
  const startedAt = nowMs();
  let done = 0;
  let dropped = 0;
  let slowestMs = 0;
  for (let seed = firstSeed; done < count; seed++) {
    const start = done;
    const progress = (n: number): void => {
      const seconds = (nowMs() - startedAt) / 1000;
      const rate = Math.round((start + n) / seconds).toLocaleString('en');
      process.stderr.write(
        `\r${(start + n).toLocaleString('en')} packets, ${rate}/s, seed ${seed} `,
      );
    };
    const report = fuzzPackets(seed, Math.min(perSeed, count - done), nowMs, progress);
    done += report.packets;
    dropped += report.dropped;
    slowestMs = Math.max(slowestMs, report.slowestMs);
    for (const [code, of] of report.codes) codes.set(code, (codes.get(code) ?? 0) + of);
  }
  const grown = heapBytes() - before;
  process.stderr.write('\n');
  const seconds = ((nowMs() - startedAt) / 1000).toFixed(0);
  console.log(`${done.toLocaleString('en')} packets in ${seconds} s, from seed ${firstSeed} on:`);
  console.log(
    `  ${dropped.toLocaleString('en')} dropped; slowest answer ${slowestMs.toFixed(1)} ms`,
  );
  for (const [code, of] of [...codes].sort((a, b) => b[1] - a[1])) {
    console.log(`  ${of.toLocaleString('en').padStart(12)} ${rcodeName(code)}`);
  }
  console.log(`  heap: ${mib(before)} MiB before, ${mib(grown)} more after`);
  if (grown > maxGrowth) fail(`memory has grown by ${mib(grown)} MiB`);
}

async function xml(count: number, firstSeed: number): Promise<void> {
  const { fuzzRequests } = await import(`${data}/requests.fake.ts`);
  const perRun = 5_000;
  const startedAt = nowMs();
  const statuses = new Map<number, number>();
  let slowestMs = 0;
  await fuzzRequests(0, 2_000, nowMs);
  const before = heapBytes();
  let done = 0;
  for (let seed = firstSeed; done < count; seed++) {
    const report = await fuzzRequests(seed, Math.min(perRun, count - done), nowMs);
    done += report.requests;
    slowestMs = Math.max(slowestMs, report.slowestMs);
    for (const [status, of] of report.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + of);
    }
    process.stderr.write(`\r${done.toLocaleString('en')} requests, seed ${seed} `);
  }
  const grown = heapBytes() - before;
  process.stderr.write('\n');
  const seconds = ((nowMs() - startedAt) / 1000).toFixed(0);
  console.log(`${done.toLocaleString('en')} requests in ${seconds} s, from seed ${firstSeed} on:`);
  for (const [status, of] of [...statuses].sort((a, b) => b[1] - a[1])) {
    console.log(`  ${of.toLocaleString('en').padStart(12)} of status ${status}`);
  }
  console.log(
    `  slowest ${slowestMs.toFixed(1)} ms; heap ${mib(before)} MiB, ${mib(grown)} more after`,
  );
  if (grown > maxGrowth) fail(`memory has grown by ${mib(grown)} MiB`);
}

function fail(message: string): never {
  console.error(`fuzz: ${message}`);
  process.exit(1);
}

function count(text: string | undefined, otherwise: number): number {
  const number = Number(text ?? otherwise);
  return Number.isSafeInteger(number) && number > 0 ? number : fail(`no number: ${text}`);
}

const [target] = positionals;
if (target === 'dns') await dns(count(values.packets, 1_000_000), count(values.seed, 1));
else if (target === 'xml') await xml(count(values.requests, 20_000), count(values.seed, 1));
else fail('Usage: npm run fuzz -- dns [--packets n] [--seed n] | xml [--requests n] [--seed n]');
