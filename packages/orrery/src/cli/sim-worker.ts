/** A thread of `orrery sim`: runs the seeds that it is sent and answers each with its result. */
import { parentPort } from 'node:worker_threads';
import { drawPlan } from '../simulation/draw-plan.ts';
import { createGlobalTablesTarget } from '../simulation/global-tables.ts';
import type { Plant } from '../simulation/plan.ts';
import { runPlan } from '../simulation/run-plan.ts';

export interface SeedRequest {
  readonly seed: number;
  readonly plant: Plant | null;
}

const port = parentPort;
port?.on('message', async ({ seed, plant }: SeedRequest) => {
  port.postMessage(await runPlan(drawPlan(seed, plant), createGlobalTablesTarget));
});
