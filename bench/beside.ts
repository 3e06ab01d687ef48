/** How long single reads wait, and how long a region keeps them waiting, while other work goes on. */
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Probe, Waited } from './prober.ts';
import { temporaryFolder } from './servers.ts';

const turnsPath = join(temporaryFolder(), 'turns');

/** The environment in which a cloud is to be started. */
export function measureTurns(): void {
  process.env['ORRERY_BENCH_TURNS'] = turnsPath;
  const others = process.env['NODE_OPTIONS'] ?? '';
  process.env['NODE_OPTIONS'] = `${others} --import=${join(import.meta.dirname, 'turns.ts')}`;
}

export interface Beside extends Waited {
  readonly seconds: number;
  /** The most processor time that the process spent without looking at its sockets, in ms. */
  readonly longestTurn: number;
  /** How much of that in the kernel. */
  readonly system: number;
}

export async function beside(
  pid: number,
  probe: Probe,
  work: () => Promise<unknown>,
): Promise<Beside> {
  const child = fork(join(import.meta.dirname, 'prober.ts'), {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  try {
    const startedAt = Date.now();
    child.send(probe);
    await work();
    // The last line of turns is a quarter of a second late.
    await new Promise((wake) => setTimeout(wake, 300));
    const waited = new Promise<Waited>((done) => child.once('message', (one: Waited) => done(one)));
    child.send('stop');
    const longest = longestSince(pid, startedAt);
    return { ...(await waited), seconds: (Date.now() - startedAt) / 1_000, ...longest };
  } finally {
    child.kill();
  }
}

function longestSince(pid: number, startedAt: number): Pick<Beside, 'longestTurn' | 'system'> {
  const path = `${turnsPath}.${pid}`;
  let [longestTurn, system] = [Number.NaN, Number.NaN];
  if (!existsSync(path)) return { longestTurn, system };
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    const [at = 0, took = 0, inKernel = 0] = line.split(' ').map(Number);
    if (at < startedAt || took / 1_000 <= longestTurn) continue;
    [longestTurn, system] = [took / 1_000, inKernel / 1_000];
  }
  return { longestTurn, system };
}
