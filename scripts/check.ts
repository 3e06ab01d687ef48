/**
 * `npm test` and `npm run check`: everything that must hold, in the order in which it fails
 * fastest. With file names as arguments only those tests run (after types and lint).
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const bin = 'node_modules/.bin';
const parts = ['packages/*/src/**/*.test.ts', 'examples/*/**/*.test.ts'];
const wholes = ['packages/*/test/**/*.test.ts'];

function step(name: string, program: string, args: readonly string[]): void {
  const startedAt = Date.now();
  console.log(`── ${name}`);
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  if (status !== 0) {
    console.error(`── ${name} failed after ${seconds} s${error ? `: ${error.message}` : ''}`);
    process.exit(status ?? 1);
  }
  console.log(`── ${name}: ${seconds} s`);
}

function test(name: string, concurrency: number, files: readonly string[]): void {
  step(name, process.execPath, [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-timeout=180000',
    ...files,
  ]);
}

const wanted = process.argv.slice(2);
step('types', `${bin}/tsc`, ['--project', '.']);
step('lint and format', `${bin}/biome`, ['check', '--error-on-warnings', '.']);
if (wanted.length > 0) {
  test('tests', availableParallelism(), wanted);
} else {
  test('tests of the parts', availableParallelism(), parts);
  // Each starts clouds of several processes and times what they do: one at a time.
  test('tests of the whole', 1, wholes);
}
