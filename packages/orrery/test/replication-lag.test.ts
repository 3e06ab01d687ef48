/** An order posted in Tokyo is readable in Frankfurt after the modelled lag, and not before. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, it } from 'node:test';
import { rttMs } from '../src/world/latency.ts';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { PlaceClient } from './place-client.ts';

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
const api = 'http://api.orders.test';
const oneWayMs = rttMs('ap-northeast-1', 'eu-central-1') / 2;
/** Far above the goal of 20 ms (`npm run bench -- replication`): a loaded machine is no bug. */
const slackMs = 1_000;

let cloud: CloudProcess;
let tokyo: PlaceClient;
let frankfurt: PlaceClient;

before(async () => {
  cloud = await startCloud({ args: [app] });
  tokyo = new PlaceClient(cloud.status.proxy, 'tokyo');
  frankfurt = new PlaceClient(cloud.status.proxy, 'frankfurt');
  await tokyo.send(`${api}/health`);
  await frankfurt.send(`${api}/health`);
});

after(async () => {
  tokyo?.close();
  frankfurt?.close();
  await cloud?.[Symbol.asyncDispose]();
});

it(`takes at least the ${oneWayMs} ms between the regions`, async () => {
  for (let count = 0; count < 5; count += 1) {
    const id = `lag-${count}`;
    const sentAt = performance.now();
    const body = { id, customer: 'ada', item: 'astrolabe' };
    const posted = tokyo.send(`${api}/orders`, { body });
    let readAt = 0;
    while (readAt === 0) {
      // When this request was sent bounds from above when the order was not yet there.
      const found = await frankfurt.send(`${api}/orders/${id}`);
      if (found.status === 200) readAt = performance.now();
      else assert.equal(found.status, 404);
      assert.ok(performance.now() - sentAt < 10_000, 'it never arrived');
    }
    const { status, region } = await posted;
    assert.deepEqual([status, region], [201, 'ap-northeast-1']);
    const network = rttMs('@tokyo', 'ap-northeast-1') / 2 + oneWayMs;
    const answer = rttMs('@frankfurt', 'eu-central-1') / 2;
    const took = readAt - sentAt;
    assert.ok(took >= network + answer, `${took} ms is faster than the network`);
    assert.ok(took < network + answer + slackMs, `${took} ms`);
  }
});
