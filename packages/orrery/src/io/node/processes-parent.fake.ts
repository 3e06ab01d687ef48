/** A parent to be killed, for `processes.test.ts`: starts environments and prints their pids. */
import { writeSync } from 'node:fs';
import { FakeLambda } from './lambda.fake.ts';
import { createProbe } from './probe.ts';
import { createProcesses } from './processes.ts';

const [directory = ''] = process.argv.slice(2);
const processes = createProcesses({
  directory,
  durability: 'process',
  isolation: 'process',
  probe: createProbe('parent', undefined),
});
const code = await processes.materialize(
  'digest',
  new Map([
    [
      'index.js',
      Buffer.from(`
        const { spawn } = require('node:child_process');
        exports.handler = async (event) => {
          if (event === 'busy') for (;;);
          if (event === 'child') return spawn('sleep', ['1000'], { stdio: 'ignore' }).pid;
        };`),
    ],
  ]),
);
const [idle, busy, frozen, family] = [1, 2, 3, 4].map(
  () => new FakeLambda(processes, code, 'index.handler'),
);
await Promise.all([idle, busy, frozen, family].map((one) => one?.ready));
void busy?.invoke('busy');
frozen?.child.kill('SIGSTOP');
const grandchild = (await family?.invoke('child'))?.body;
const pids = [idle, busy, frozen, family].map((one) => one?.child.pid);
writeSync(1, `${JSON.stringify([...pids, Number(grandchild)])}\n`);
setInterval(() => {}, 1_000);
