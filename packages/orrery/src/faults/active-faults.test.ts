import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkCondition } from '../io/conditions.ts';
import { createActiveFaults } from './active-faults.ts';
import { FaultError, type FaultSpec } from './fault.ts';

const regions = ['us-east-1', 'eu-central-1'];

/** Levers that write down what was pulled, and timers that fire by hand. */
function setUp() {
  const pulled: string[] = [];
  const links: (readonly LinkCondition[])[] = [];
  const due: (() => void)[] = [];
  const lever =
    (name: string) =>
    async (...args: readonly unknown[]): Promise<void> => {
      pulled.push([name, ...args].join(' '));
    };
  const faults = createActiveFaults({
    clock: { wallMs: () => 1000, monotonicUs: () => 0 },
    timers: {
      after: (_delay, _label, run) => {
        due.push(run);
        return { cancel: () => due.splice(due.indexOf(run), 1) };
      },
      every: () => ({ cancel: () => {} }),
      sleep: async () => {},
    },
    levers: {
      killRegion: lever('kill'),
      startRegion: lever('start'),
      hangRegion: lever('hang'),
      resumeRegion: lever('resume'),
      pauseReplication: lever('pause'),
      silenceDns: lever('silence'),
    },
    regions,
    onLinks: (now) => links.push(now),
  });
  return { faults, pulled, links, due };
}

const outage: FaultSpec = { action: 'region-outage', targets: ['us-east-1'], parameters: {} };
const cut: FaultSpec = { action: 'partition', targets: regions, parameters: {} };

describe('active faults', () => {
  it('pull their levers when they start and when they stop', async () => {
    const { faults, pulled } = setUp();
    const { id } = await faults.start(outage);
    assert.deepEqual(faults.list(), [{ ...outage, id, startedAtMs: 1000, cause: 'requested' }]);
    await faults.stop({ id });
    assert.deepEqual(pulled, ['kill us-east-1', 'start us-east-1']);
    assert.deepEqual(faults.list(), []);
  });

  it('derive links from the whole set, and leave none behind', async () => {
    const { faults, links } = setUp();
    const [a = '', b = ''] = regions;
    await faults.start(cut);
    await faults.start({ action: 'latency', targets: regions, parameters: { ms: 40 } });
    assert.deepEqual(links.at(-1), [
      { a, b, cut: true },
      { a, b, extraLatencyMs: 40 },
    ]);
    await faults.stop({ action: 'partition', targets: [b, a] });
    assert.deepEqual(links.at(-1), [{ a, b, extraLatencyMs: 40 }]);
    await faults.stop({ action: 'latency', targets: regions });
    assert.deepEqual(links.at(-1), []);
  });

  it('cut a region off from a place, or from a region where only health checkers stand', async () => {
    const { faults, links } = setUp();
    await faults.start({ ...cut, targets: ['@Tokyo', 'us-east-1'] });
    await faults.start({ ...cut, targets: ['us-east-1', 'sa-east-1'] });
    assert.deepEqual(links.at(-1), [
      { a: '@tokyo', b: 'us-east-1', cut: true },
      { a: 'us-east-1', b: 'sa-east-1', cut: true },
    ]);
    await faults.stop({ action: 'partition', targets: ['us-east-1', '@TOKYO'] });
    assert.equal(links.at(-1)?.length, 1);
  });

  it('silence the name servers, which takes no region', async () => {
    const { faults, pulled } = setUp();
    await faults.start({ action: 'dns-outage', targets: [], parameters: {} });
    await faults.stop({ action: 'dns-outage', targets: [] });
    assert.deepEqual(pulled, ['silence true', 'silence false']);
  });

  it('end by themselves after their duration', async () => {
    const { faults, due } = setUp();
    const fault = await faults.start({ ...cut, durationMs: 500 });
    assert.equal(fault.endsAtMs, 1500);
    due[0]?.();
    await Promise.resolve();
    assert.deepEqual(faults.list(), []);
  });

  it('are known by the FIS action id where FIS has them', async () => {
    const { faults, pulled } = setUp();
    const action = 'aws:dynamodb:global-table-pause-replication';
    await faults.start({ action, targets: ['eu-central-1'], parameters: {} });
    assert.deepEqual(pulled, ['pause eu-central-1 true']);
    assert.equal(faults.list()[0]?.action, 'replication-pause');
  });

  it('note a region that was killed from outside, once', async () => {
    const { faults, pulled } = setUp();
    const first = faults.note('us-east-1', 'process-killed');
    assert.equal(faults.note('us-east-1', 'process-killed'), first);
    assert.equal(first.cause, 'process-killed');
    await faults.stop({ action: 'region-outage', targets: ['us-east-1'] });
    assert.deepEqual(pulled, ['start us-east-1']);
  });

  it('refuse what cannot be, in words', async () => {
    const { faults } = setUp();
    const refused = async (spec: FaultSpec, words: RegExp): Promise<void> => {
      await assert.rejects(faults.start(spec), (error) => {
        assert.ok(error instanceof FaultError);
        assert.match(error.message, words);
        return true;
      });
    };
    await refused({ ...outage, action: 'earthquake' }, /There are: region-outage,/);
    await refused({ ...outage, targets: ['mars-1'] }, /not a region of this cloud, which has us/);
    await refused({ ...cut, targets: ['us-east-1', 'mars-1'] }, /"mars-1" is not.*such as @tokyo/);
    await refused({ ...cut, targets: ['us-east-1', '@mars'] }, /"@mars" is not/);
    await refused({ ...cut, targets: ['sa-east-1', '@tokyo'] }, /"sa-east-1" is not/);
    await refused({ ...outage, targets: ['sa-east-1'] }, /not a region of this cloud, which/);
    await refused({ ...outage, targets: [] }, /Usage: orrery fault start region-outage <region>/);
    await refused({ ...cut, targets: ['us-east-1', 'us-east-1'] }, /2 different regions/);
    await refused({ ...cut, parameters: { ms: 1 } }, /takes no --ms/);
    await refused({ action: 'latency', targets: regions, parameters: {} }, /--ms <milliseconds>/);
    await refused({ ...outage, durationMs: -1 }, /30s, 5m or 1h/);
    await faults.start(outage);
    await refused(outage, /already in force/);
    await assert.rejects(faults.stop({ id: 'fault-9' }), /In force: fault-1/);
  });
});
