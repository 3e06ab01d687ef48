import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { drawPlan } from '../../simulation/draw-plan.ts';

const entry = join(import.meta.dirname, '..', 'sim.ts');

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function sim(args: readonly string[], temporary = tmpdir()): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], {
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary },
  });
  return { code: status, out: stdout, err: stderr };
}

function within(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-sim-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hashIn = (text: string): string | undefined => /trace hash +([0-9a-f]{16})/.exec(text)?.[1];

describe('orrery sim', () => {
  it('prints what it drew and what came of it, the same twice', () => {
    const first = sim(['--seed', '7']);
    assert.equal(first.code, 0, first.err);
    for (const line of [
      'seed            7',
      'faults ',
      'events ',
      'wall time',
      'every invariant',
    ]) {
      assert.ok(first.out.includes(line), `${line} in\n${first.out}`);
    }
    assert.notEqual(hashIn(first.out), undefined);
    assert.equal(hashIn(sim(['--seed', '7']).out), hashIn(first.out));
  });

  it('runs a campaign on threads, in JSON where asked', () => {
    const { code, out, err } = sim(['--seeds', '6', '--jobs', '2', '--json']);
    assert.equal(code, 0, err);
    const summary = JSON.parse(out) as Record<string, unknown>;
    assert.equal(summary['seeds'], 6);
    assert.deepEqual(summary['failures'], []);
    assert.ok((summary['events'] as number) > 10_000);
    assert.ok((summary['sometimes'] as Record<string, number>)['event dynamodb.conflict']);
  });

  it('ends with 1 on a failure, and prints a shorter plan that replays', () =>
    within((folder) => {
      const failed = sim(['--seed', '3', '--plant', 'ties-by-arrival'], folder);
      assert.equal(failed.code, 1, failed.err);
      assert.match(failed.out, /verdict {9}BROKEN at \d+ ms: replicas converge/);
      assert.match(failed.out, /npm run sim -- --seed 3 --plant ties-by-arrival/);
      const [file = ''] = readdirSync(folder);
      const path = join(folder, file);
      assert.ok(failed.out.includes(`npm run sim -- --plan ${path}`), failed.out);
      assert.ok(failed.out.includes(readFileSync(path, 'utf8').trim()));
      const replayed = sim(['--plan', path]);
      assert.equal(replayed.code, 1);
      const shorter = failed.out.slice(failed.out.indexOf('SHORTER PLAN'));
      assert.equal(hashIn(replayed.out), hashIn(shorter));
    }));

  it('runs transactions of one region, planted bugs too', () => {
    const args = ['--workload', 'transactions', '--seed', '3'];
    const { code, out, err } = sim([...args, '--seeds', '2', '--json']);
    assert.equal(code, 0, err);
    const summary = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(summary['failures'], []);
    assert.ok((summary['acknowledged'] as number) > 100);
    const planted = sim([...args, '--seeds', '3', '--plant', 'separate-reads']);
    assert.equal(planted.code, 1, planted.err);
    assert.match(planted.out, /FAILED {10}seed \d+: transactions are serialisable/);
    assert.match(planted.out, /npm run sim -- --workload transactions --seed \d+ --plant/);
    assert.equal(sim([...args, '--plant', 'weeds']).code, 2);
    assert.match(
      sim(['--workload', 'weeds']).err,
      /global-tables, transactions, routing, not "weeds"/,
    );
  });

  it('runs routing under faults, planted bugs too', () => {
    const args = ['--workload', 'routing', '--seed', '3'];
    const { code, out, err } = sim([...args, '--seeds', '2', '--json']);
    assert.equal(code, 0, err);
    const { failures, answers, lookups } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual(failures, []);
    assert.ok(Number(answers) > 1_000 && Number(lookups) > 1_000, out);
    const planted = sim([...args, '--plant', 'deaf-checkers']);
    assert.equal(planted.code, 1, planted.err);
    assert.match(planted.out, /FAILED {10}seed 3: a dead region is found out in time/);
    assert.match(planted.out, /npm run sim -- --workload routing --seed 3 --plant deaf-checkers/);
    assert.match(sim([...args, '--plant', 'weeds']).err, /deaf-checkers or hasty-checkers/);
  });

  it('says what was used wrongly', () =>
    within((folder) => {
      const wrong = (args: readonly string[], words: RegExp): void => {
        const { code, err } = sim(args);
        assert.equal(code, 2, err);
        assert.match(err, words);
      };
      wrong(['--seed', 'x'], /--seed takes a whole number/);
      wrong(['--plant', 'weeds'], /--plant takes ack-before-flush or ties-by-arrival/);
      wrong(['7'], /sim takes no "7"/);
      wrong(['--plan', join(folder, 'none.json')], /Cannot read the plan/);
      const file = join(folder, 'plan.json');
      writeFileSync(file, JSON.stringify({ ...drawPlan(1), chaosMs: -1 }));
      wrong(['--plan', file], /plan\.json: chaosMs: an integer/);
      assert.match(sim(['--help']).out, /Usage: orrery sim/);
    }));
});
