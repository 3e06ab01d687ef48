/**
 * What health checks cost the edge: a thousand of them, every 10 s from 16 checkers each, of a region
 * of the cloud and of a server outside it; and what as many bare connections to that server cost,
 * before and after.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Route53 } from '@aws-sdk/client-route-53';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { cpuSeconds } from './load.ts';
import { forkServer } from './servers.ts';

const checkCount = Number(process.env['GROWTH_CHECKS'] ?? 1_000);
const intervalSeconds = 10;
const probesPerSecond = (checkCount * 16) / intervalSeconds;
/** All have probed once, so V8 knows what is hot. */
const settleMs = 11_000;
const measuredSeconds = 12;

export async function run(): Promise<void> {
  console.log(`\n${checkCount} health checks, every ${intervalSeconds} s from 16 checkers each:`);
  const outside = await forkServer('node-http.ts');
  await using cloud = await startCloud({ args: ['--regions', 'us-east-1', '--latency', 'off'] });
  const client = new Route53({
    endpoint: cloud.status.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const idle = await coreShare(cloud.pid, 5);
  const microseconds = async (IPAddress: string, Port: number): Promise<number> => {
    const ids = await create(client, IPAddress, Port);
    await new Promise((next) => setTimeout(next, settleMs));
    const share = (await coreShare(cloud.pid, measuredSeconds)) - idle;
    for (const HealthCheckId of ids) await client.deleteHealthCheck({ HealthCheckId });
    return (share * 1e6) / probesPerSecond;
  };
  console.log(`  of a region: ${shown(await microseconds('127.0.1.1', 80))} (goal: 10 %)`);
  const before = await bareConnection(outside.port);
  const probe = await microseconds('127.0.0.1', outside.port);
  const bare = (before + (await bareConnection(outside.port))) / 2;
  console.log(`  of another server: ${shown(probe)} (goal: 10 %)`);
  console.log(`    ${(probe / bare).toFixed(2)} × as many bare connections, ${shown(bare)}`);
  outside.stop();
  client.destroy();
}

async function create(client: Route53, IPAddress: string, Port: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < checkCount; n += 1) {
    const CallerReference = `${IPAddress} ${Port} ${n}`;
    const ResourcePath = '/';
    const { HealthCheck } = await client.createHealthCheck({
      CallerReference,
      HealthCheckConfig: {
        Type: 'HTTP',
        IPAddress,
        Port,
        ResourcePath,
        RequestInterval: intervalSeconds,
      },
    });
    ids.push(HealthCheck?.Id ?? '');
  }
  return ids;
}

/** Processor time of one, in µs. */
async function bareConnection(port: number): Promise<number> {
  const script = join(import.meta.dirname, 'bare-connections.ts');
  const args = [script, String(port), String(probesPerSecond)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

function shown(microseconds: number): string {
  const share = (microseconds * probesPerSecond) / 1e4;
  return `${share.toFixed(1)} % of a core, ${microseconds.toFixed(0)} µs each`;
}

async function coreShare(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds([pid], 'alone');
  await new Promise((next) => setTimeout(next, seconds * 1_000));
  return (cpuSeconds([pid], 'alone') - before) / seconds;
}
