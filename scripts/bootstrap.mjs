/**
 * The first thing that runs, on any Node >= 20: installs what is missing (once, with progress),
 * then hands over to the pinned Node 24. Plain JavaScript, no dependency, no other duty.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const pinnedNode = join(modules, 'node', 'bin', 'node');

/** What each command runs with the pinned Node; further arguments are passed on. */
const commands = {
  start: ['packages/orrery/src/cli/main.ts', 'start', 'examples/orders'],
  orrery: ['packages/orrery/src/cli/main.ts'],
  sim: ['packages/orrery/src/cli/sim.ts'],
  test: ['scripts/check.ts'],
  check: ['scripts/check.ts'],
  bench: ['bench/main.ts'],
  fuzz: ['scripts/fuzz.ts'],
  models: ['scripts/extract-models.ts'],
};

function fail(message) {
  console.error(`orrery: ${message}`);
  process.exit(1);
}

/** True where `node_modules` already is what `package-lock.json` asks for. */
function isInstalled(stampFile, stamp) {
  return (
    existsSync(pinnedNode) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
  );
}

async function installOnce() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const platform = `${process.platform}-${process.arch}`;
  const stamp = createHash('sha256').update(lock).update(platform).digest('hex');
  const stampFile = join(modules, '.orrery-installed');
  if (isInstalled(stampFile, stamp)) return;
  const startedAt = Date.now();
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(0);
  console.error('orrery: installing dependencies, once (about a minute) …');
  const tick = setInterval(() => console.error(`orrery: … ${seconds()} s`), 10_000);
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    shell: process.platform === 'win32',
  });
  clearInterval(tick);
  if (code !== 0) {
    fail('npm ci failed. Is the package registry reachable (npm ping)? Then run this again.');
  }
  // Where install scripts are switched off (npm config ignore-scripts), fetch Node by hand.
  if (!existsSync(pinnedNode)) {
    spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
      cwd: join(modules, 'node'),
      stdio: 'inherit',
    });
  }
  if (!existsSync(pinnedNode)) fail('the pinned Node could not be installed (package `node`).');
  await compileOnce();
  writeFileSync(stampFile, stamp);
  console.error(`orrery: installed in ${seconds()} s`);
}

/** For a process that starts a cloud: its compiled code is kept beside what it was installed with. */
const environment = {
  ...process.env,
  PATH: `${join(modules, '.bin')}:${process.env.PATH ?? ''}`,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'v8'),
};

/**
 * Starts a cloud and ends it: what Node compiles on the way is kept, so that the first start of the
 * user is as quick and small as every later one. Where that does not work out, nothing is lost.
 */
async function compileOnce() {
  const directory = mkdtempSync(join(tmpdir(), 'orrery-compile-'));
  const ports = ['port', 'dns-port', 'proxy-port', 'admin-port'].flatMap((one) => [
    `--${one}`,
    '0',
  ]);
  const args = [...ports, '--regions', 'us-east-1', '--data-dir', directory, '--json'];
  const child = spawn(pinnedNode, [join(root, commands.orrery[0]), 'start', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: environment,
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), 20_000);
  child.stdout.once('data', () => child.kill('SIGTERM'));
  await new Promise((resolve) => child.on('error', resolve).on('close', resolve));
  clearTimeout(timer);
  rmSync(directory, { recursive: true, force: true });
}

/** Runs a program with our terminal; resolves with its exit code. */
function run(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options });
    // Ctrl-C reaches the whole foreground group: we only wait for the child's own farewell.
    const ignore = () => {};
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', ignore);
    process.on('SIGTERM', pass);
    child.on('error', (error) => fail(`cannot run ${program}: ${error.message}`));
    child.on('close', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', pass);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`Node ${process.versions.node} is too old; install Node 20 or later.`);
}
const [name = '', ...rest] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  fail(`unknown command "${name}"; one of ${Object.keys(commands).join(', ')}`);
}
await installOnce();
const [script = '', ...fixed] = command;
process.exitCode = await run(pinnedNode, [join(root, script), ...fixed, ...rest], {
  // Paths that a user gives to `npm run orrery` are meant from where the user stands.
  cwd: name === 'orrery' ? (process.env.INIT_CWD ?? root) : root,
  env: environment,
});
