/** Catchments of five regions, as a picture: golden files, rewritten with UPDATE=1. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { World } from '../services/route53/api.ts';
import { records, TestCloud } from '../services/route53/cloud.fake.ts';
import { regionIp } from '../world/addresses.ts';
import { worldMap } from './world-map.ts';

const regions = ['us-east-1', 'us-west-2', 'eu-central-1', 'ap-northeast-1', 'sa-east-1'];

async function cloudOf(bias: number): Promise<TestCloud> {
  const cloud = await TestCloud.make();
  const zone = await cloud.zone('w.test');
  for (const region of regions) {
    const check = await cloud.call('CreateHealthCheck', {
      CallerReference: region,
      HealthCheckConfig: { Type: 'TCP', IPAddress: regionIp(region), Port: 443 },
    });
    const HealthCheckId = check.HealthCheck.Id;
    const Bias = region === 'eu-central-1' ? bias : 0;
    const set = (name: string, where: object) =>
      records(name, 'A', [regionIp(region)], { SetIdentifier: region, HealthCheckId, ...where });
    await cloud.change(
      zone,
      ['CREATE', set('near.w.test', { Region: region })],
      ['CREATE', set('far.w.test', { GeoProximityLocation: { AWSRegion: region, Bias } })],
    );
  }
  await cloud.sleep(600);
  return cloud;
}

async function ask(cloud: TestCloud, name: string, down: readonly string[]): Promise<World> {
  const handler = cloud.service?.internal?.['route53-internal'];
  const body = new Uint8Array(Buffer.from(JSON.stringify({ name, down })));
  const answer = await handler?.({ method: 'POST', path: '/world', headers: {}, body }, 'global');
  assert.equal(answer?.status, 200);
  return JSON.parse(Buffer.from(answer?.body ?? []).toString()) as World;
}

function golden(file: string, text: string): void {
  const path = join(import.meta.dirname, 'goldens', file);
  if (process.env['UPDATE'] === '1') writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'), `UPDATE=1 rewrites ${file}`);
}

const labelAt = (world: World, place: string) =>
  world.places.find((each) => each.place === place)?.label;

test('by latency; with a region taken as failed, and nothing changed by asking', async () => {
  const cloud = await cloudOf(0);
  const world = await ask(cloud, 'near.w.test', []);
  assert.deepEqual(
    ['boston', 'seattle', 'paris', 'seoul', 'rio-de-janeiro'].map((name) => labelAt(world, name)),
    regions,
  );
  golden('catchments.svg', worldMap(world, []));
  const without = await ask(cloud, 'near.w.test', ['us-east-1']);
  assert.equal(labelAt(without, 'boston'), 'us-west-2');
  assert.ok(without.places.every(({ region }) => region !== 'us-east-1'));
  golden('catchments-down.svg', worldMap(without, ['us-east-1']));
  assert.deepEqual(await ask(cloud, 'near.w.test', []), world);
  assert.equal(cloud.dig('near.w.test', 'A', 'boston'), regionIp('us-east-1'));
});

const boxesOf = (svg: string) =>
  [...svg.matchAll(/<text class="ink region" x="([\d.-]+)" y="([\d.-]+)">([^<]+)</g)].map(
    ([, x, y, text = '']) => ({
      text,
      left: Number(x),
      top: Number(y) - 13,
      long: text.length * 8,
    }),
  );

test('labels keep off each other and inside the picture, however close the regions', async () => {
  const close = ['us-east-1', 'us-east-2', 'ca-central-1', 'eu-west-1', 'eu-west-2', 'eu-west-3'];
  const all = [...close, 'eu-central-1', 'eu-central-2', 'ap-northeast-1', 'ap-northeast-3'];
  const cloud = await TestCloud.make();
  const zone = await cloud.zone('w.test');
  await cloud.change(
    zone,
    ...all.map((Region) => {
      const more = { SetIdentifier: Region, Region };
      return ['CREATE', records('near.w.test', 'A', [regionIp(Region)], more)] as const;
    }),
  );
  await cloud.sleep(600);
  const svg = worldMap(await ask(cloud, 'near.w.test', []), []);
  golden('catchments-ten.svg', svg);
  const boxes = boxesOf(svg);
  assert.deepEqual(boxes.map(({ text }) => text).sort(), [...all].sort());
  for (const [i, a] of boxes.entries()) {
    assert.ok(a.left >= 0 && a.left + a.long <= 1200, a.text);
    for (const b of boxes.slice(i + 1)) {
      const apart =
        a.left + a.long <= b.left || b.left + b.long <= a.left || Math.abs(a.top - b.top) >= 13;
      assert.ok(apart, `${a.text} lies on ${b.text}`);
    }
  }
});

test('a bias of +50 widens a catchment', async () => {
  const count = (world: World) =>
    world.places.filter(({ region }) => region === 'eu-central-1').length;
  const plain = await ask(await cloudOf(0), 'far.w.test', []);
  const biased = await ask(await cloudOf(50), 'far.w.test', []);
  assert.ok(count(biased) > count(plain), `${count(plain)} → ${count(biased)}`);
  golden('catchments-bias.svg', worldMap(biased, []));
});
