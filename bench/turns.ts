/**
 * Loaded into a process that is measured (`NODE_OPTIONS=--import`): four times a second it appends a
 * line to `$ORRERY_BENCH_TURNS.<pid>`: the time, the most processor time (µs) that its thread has
 * spent between two ticks of a timer of 1 ms, and how much of that in the kernel. That is how long it kept everything else waiting,
 * give or take a millisecond, however busy the machine is with others.
 */
import { appendFileSync } from 'node:fs';

const path = process.env['ORRERY_BENCH_TURNS'];
if (path !== undefined) {
  let before = process.threadCpuUsage();
  let most = 0;
  let system = 0;
  setInterval(() => {
    const now = process.threadCpuUsage();
    const took = now.user + now.system - before.user - before.system;
    if (took > most) {
      most = took;
      system = now.system - before.system;
    }
    before = now;
  }, 1).unref();
  setInterval(() => {
    appendFileSync(`${path}.${process.pid}`, `${Date.now()} ${most} ${system}\n`);
    most = 0;
  }, 250).unref();
}
