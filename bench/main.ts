/**
 * `npm run bench [-- dynamodb|gateway|dns|streams|start|growth …]`: without a name all but the long
 * ones. `--items 10000000` is how many `growth` builds, `--keep DIRECTORY` where, to measure them
 * again; `--only index` runs those of its jobs whose names hold the word.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    items: { type: 'string' },
    keep: { type: 'string' },
    only: { type: 'string' },
  },
});

const benches: Readonly<Record<string, () => Promise<void>>> = {
  dynamodb: async () => (await import('./dynamodb.ts')).run(),
  gateway: async () => (await import('./gateway.ts')).run(),
  dns: async () => (await import('./dns.ts')).run(),
  'dns-growth': async () => (await import('./dns-growth.ts')).run(),
  'dns-checks': async () => (await import('./dns-checks.ts')).run(),
  replication: async () => (await import('./replication.ts')).run(),
  streams: async () => (await import('./streams.ts')).run(),
  start: async () => (await import('./start.ts')).run(),
  growth: async () => (await import('./growth.ts')).run(options),
};
/** Takes minutes and much disk, or is a part of another. */
const apart = new Set(['growth', 'dns-growth', 'dns-checks']);

const unknown = wanted.filter((name) => benches[name] === undefined);
if (unknown.length > 0 || options.help) {
  console.log(
    `Usage: npm run bench [-- ${Object.keys(benches).join('|')} … [--items N] [--keep DIR] [--only WORDS]]`,
  );
  process.exit(unknown.length > 0 && !options.help ? 2 : 0);
}
if (!existsSync(join(import.meta.dirname, 'node_modules', 'dynalite'))) {
  console.error('installing the peers to compare with, once …');
  const args = ['ci', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: import.meta.dirname, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
console.log('Figures are requests per second of processor time of the server, all its processes;');
console.log('contenders take turns in one run, medians of the rounds are shown.');
const short = Object.keys(benches).filter((name) => !apart.has(name));
for (const name of wanted.length > 0 ? wanted : short) await benches[name]?.();
