/**
 * Simulated worlds: regions crash and return, the edge crashes and restarts. Whatever the seed, no
 * answer names a region that has been dead for longer than the checkers may take to find out,
 * while another one has been alive as long.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedRandom } from '../../../io/simulated/random.ts';
import { regionIp } from '../../../world/addresses.ts';
import { records, TestCloud } from '../cloud.fake.ts';

const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1', 'sa-east-1'];
const places = ['tokyo', 'frankfurt', 'new-york', 'sao-paulo', 'lagos', 'mumbai', 'sydney'];
const interval = 10;
const threshold = 3;
/** Three probes, each after 10 s and at most 4 s of silence, the first up to one of them away. */
const boundMs = threshold * (interval * 1000 + 4000 + 500) + 1000;
const worlds = 25;
const stepMs = 2000;
const steps = 200;

async function world(seed: number): Promise<{ moved: boolean }> {
  const random = namedRandom(seed, 'failover-worlds');
  const cloud = await TestCloud.make({}, seed);
  const zone = await cloud.zone('w.test');
  const since = new Map<string, number>();
  for (const region of regions) {
    cloud.region(region);
    const check = await cloud.call('CreateHealthCheck', {
      CallerReference: region,
      HealthCheckConfig: {
        Type: 'HTTP',
        IPAddress: regionIp(region),
        RequestInterval: interval,
        FailureThreshold: threshold,
      },
    });
    const where = { SetIdentifier: region, Region: region, HealthCheckId: check.HealthCheck.Id };
    await cloud.change(zone, ['CREATE', records('x.w.test', 'A', [regionIp(region)], where)]);
    since.set(region, 0);
  }
  await cloud.sleep(boundMs);
  const seen = { moved: false };
  const nowMs = () => cloud.universe.nowUs / 1000;
  for (let step = 0; step < steps; step++) {
    if (random.chance(0.04)) {
      const region = regions[random.int(0, regions.length - 1)] ?? '';
      if (cloud.universe.isUp(region)) cloud.universe.crash(region);
      else cloud.universe.restart(region);
      since.set(region, nowMs());
    }
    if (random.chance(0.01)) {
      await cloud.restartEdge();
      for (const region of regions) since.set(region, nowMs());
    }
    await cloud.sleep(stepMs);
    const settled = regions.filter((region) => nowMs() - (since.get(region) ?? 0) > boundMs);
    const dead = settled.filter((region) => !cloud.universe.isUp(region));
    const alive = settled.filter((region) => cloud.universe.isUp(region));
    if (alive.length === 0) continue;
    for (const place of places) {
      const answer = cloud.dig('x.w.test', 'A', place);
      const region = regions.find((each) => regionIp(each) === answer) ?? answer;
      assert.ok(!dead.includes(region), `seed ${seed}, ${nowMs()} ms: ${place} → ${region}, dead`);
      seen.moved ||= dead.length > 0;
    }
  }
  return seen;
}

test(`no answer names a dead region for long (${worlds} worlds)`, async () => {
  let moved = 0;
  for (let seed = 1; seed <= worlds; seed++) moved += (await world(seed)).moved ? 1 : 0;
  assert.ok(moved > worlds / 2, 'most worlds have something to find out');
});
