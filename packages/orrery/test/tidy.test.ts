/**
 * The rules of the house, as tests: who may import whom, what is out of bounds where, and sizes.
 * The table is DESIGN §4 (also in ARCHITECTURE.md); a rule that is only prose is not a rule.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'node:test';

const root = resolve(import.meta.dirname, '..', 'src');

/** A folder imports itself and what stands above it. */
const order = [
  'stdx',
  'world',
  'io',
  'trace',
  'wire',
  'endpoint',
  'services',
  'faults',
  'planner',
  'regions',
  'simulation',
  'admin',
  'cli',
  'testing',
];

/** Roots of the program: what they do not reach is dead. */
const entries = ['cli/main.ts', 'cli/region-process.ts', 'cli/sim.ts'];

interface Import {
  readonly path: string;
  readonly typeOnly: boolean;
}

interface Source {
  readonly name: string;
  readonly text: string;
  readonly code: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules' || name === 'generated' || name === 'cdk.out') return [];
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Blanks comments and the insides of strings and templates, so that rules see code only. */
function stripComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:'"`])\/\/[^\n]*/g, '$1');
}

function importsOf(code: string): Import[] {
  const statement =
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:([^'";]*?)\sfrom\s+)?['"]([^'"]+)['"]/g;
  const dynamic = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  const found: Import[] = [];
  for (const match of code.matchAll(statement)) {
    if (match[1] === 'export' && match[3] === undefined) continue;
    found.push({ path: match[4] ?? '', typeOnly: match[2] !== undefined });
  }
  for (const match of code.matchAll(dynamic)) found.push({ path: match[1] ?? '', typeOnly: false });
  return found;
}

const sources: readonly Source[] = filesBelow(root)
  .filter((path) => /\.(ts|mjs)$/.test(path) && !path.endsWith('.d.ts'))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const code = stripComments(text);
    const name = relative(root, path);
    return {
      name,
      text,
      code,
      isTest: /\.(test|case|fake)\.ts$/.test(name) || name.includes('/testdata/'),
      imports: importsOf(code),
    };
  });

const byName = new Map(sources.map((source) => [source.name, source]));

/** Name below `src` of what a file imports, or undefined for packages and JSON. */
function target(source: Source, imported: Import): string | undefined {
  if (!imported.path.startsWith('.')) return undefined;
  if (imported.path.endsWith('.json')) return undefined;
  return relative(root, resolve(root, dirname(source.name), imported.path));
}

function report(problems: readonly string[]): void {
  assert.equal(problems.length, 0, `\n${problems.join('\n')}`);
}

const folderOf = (name: string): string => name.split('/')[0] ?? '';
const product = sources.filter((source) => !source.isTest);

describe('imports', () => {
  it('go up the table of folders only', () => {
    const problems: string[] = [];
    for (const source of product) {
      for (const imported of source.imports) {
        const to = target(source, imported);
        if (to === undefined) continue;
        const from = order.indexOf(folderOf(source.name));
        const at = order.indexOf(folderOf(to));
        if (at === -1 || at > from) problems.push(`${source.name} imports ${to}`);
      }
    }
    report(problems);
  });

  it('reach another service by the types of its api.ts alone', () => {
    const problems: string[] = [];
    for (const source of product) {
      const own = /^services\/([^/]+)\//.exec(source.name)?.[1];
      if (own === undefined) continue;
      for (const imported of source.imports) {
        const to = target(source, imported);
        const other = to === undefined ? undefined : /^services\/([^/]+)\/(.*)$/.exec(to);
        if (!other || other[1] === own) continue;
        if (other[2] !== 'api.ts' || !imported.typeOnly) problems.push(`${source.name} → ${to}`);
      }
    }
    report(problems);
  });

  it('never lead from a data plane to a control plane', () => {
    const problems: string[] = [];
    const walk = (source: Source, start: string, seen: Set<string>): void => {
      for (const imported of source.imports) {
        const to = target(source, imported);
        if (to === undefined || imported.typeOnly || seen.has(to)) continue;
        seen.add(to);
        if (to.includes('/control-plane/')) problems.push(`${start} reaches ${to}`);
        const next = byName.get(to);
        if (next !== undefined) walk(next, start, seen);
      }
    };
    for (const source of product) {
      if (source.name.includes('/data-plane/')) walk(source, source.name, new Set());
    }
    report(problems);
  });

  it('make no runtime cycle', () => {
    const problems = new Set<string>();
    const done = new Set<string>();
    const visit = (name: string, path: readonly string[]): void => {
      if (path.includes(name)) {
        problems.add([...path.slice(path.indexOf(name)), name].join(' → '));
        return;
      }
      if (done.has(name)) return;
      const source = byName.get(name);
      for (const imported of source?.imports ?? []) {
        const to = source === undefined ? undefined : target(source, imported);
        if (to !== undefined && !imported.typeOnly) visit(to, [...path, name]);
      }
      done.add(name);
    };
    for (const source of sources) visit(source.name, []);
    report([...problems]);
  });

  it('leave no file dead', () => {
    const alive = new Set<string>();
    const visit = (name: string): void => {
      if (alive.has(name)) return;
      alive.add(name);
      const source = byName.get(name);
      for (const imported of source?.imports ?? []) {
        const to = source === undefined ? undefined : target(source, imported);
        if (to !== undefined) visit(to);
      }
    };
    for (const entry of entries) visit(entry);
    report(
      product
        .map((source) => source.name)
        // What runs in an environment is started by name, in a process or thread of its own.
        .filter((name) => !alive.has(name) && !/runtime-(core|process|thread)\.mjs$/.test(name)),
    );
  });
});

describe('the seam', () => {
  const bans: readonly [RegExp, string][] = [
    [/\bDate\.now\(/, 'io.clock.wallMs()'],
    [/\bnew Date\(\)/, 'io.clock.wallMs()'],
    [/\bMath\.random\(/, 'io.random'],
    [/(?<![.\w])(setTimeout|setInterval|setImmediate)\(/, 'io.timers'],
    [/(?<![.\w'"`/-])process\.[a-z]/, 'options, io'],
    [/(?<![.\w])performance\./, 'io.clock.monotonicUs()'],
    [/\brandomUUID\(/, 'io.random.uuid()'],
    [/(?<![.\w])console\./, 'io.probe.event'],
    [/(?<![.\w])fetch\(/, 'io.network.request'],
  ];
  const outside = (name: string): boolean => name.startsWith('io/node/') || name.startsWith('cli/');

  it('is the only road to time, chance and the machine', () => {
    const problems: string[] = [];
    for (const source of product) {
      if (outside(source.name)) continue;
      const lines = source.code.split('\n');
      for (const [ban, instead] of bans) {
        lines.forEach((line, index) => {
          if (ban.test(line) && !line.includes('biome-ignore')) {
            problems.push(`${source.name}:${index + 1} ${line.trim()}  (use ${instead})`);
          }
        });
      }
    }
    // The simulator drains the microtask queue by process._tickCallback, behind one function.
    report(problems.filter((problem) => !problem.includes('_tickCallback')));
  });

  it('keeps node: modules in io/node and cli, their pure functions in stdx', () => {
    const pure = new Set(['node:crypto', 'node:zlib', 'node:buffer', 'node:assert']);
    const problems: string[] = [];
    for (const source of product) {
      if (outside(source.name)) continue;
      for (const imported of source.imports) {
        if (!imported.path.startsWith('node:') || imported.typeOnly) continue;
        if (source.name.startsWith('stdx/') && pure.has(imported.path)) continue;
        problems.push(`${source.name} imports ${imported.path}`);
      }
    }
    report(problems);
  });

  it('is not passed by the simulator', () => {
    const problems = product
      .filter((source) => source.name.startsWith('simulation/'))
      .filter((source) => source.imports.some((one) => one.path.includes('io/node')))
      .map((source) => source.name);
    report(problems);
  });
});

describe('files', () => {
  it('are at most 500 lines, tests 800', () => {
    report(
      sources
        .map((source) => ({ ...source, lines: source.text.split('\n').length }))
        .filter(({ isTest, lines }) => lines > (isTest ? 800 : 500))
        .map(({ name, lines }) => `${name}: ${lines} lines`),
    );
  });

  it('have kebab-case names, named exports and a head that says what they own', () => {
    const problems: string[] = [];
    for (const { name, code, text, isTest } of sources) {
      const base = name.split('/').at(-1) ?? '';
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|case|fake))?\.(ts|mjs)$/.test(base)) {
        problems.push(`${name}: not kebab-case`);
      }
      if (/^export default/m.test(code)) problems.push(`${name}: default export`);
      if (!isTest && !/^(#!.*\n)?\/\*\*/.test(text)) problems.push(`${name}: no file head`);
    }
    report(problems);
  });

  it('hold no unfinished business', () => {
    const words = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X\\b'].join(''));
    report(
      sources
        .flatMap(({ name, text }) => text.split('\n').map((line, n) => ({ name, line, n })))
        .filter(({ line }) => words.test(line))
        .map(({ name, n, line }) => `${name}:${n + 1} ${line.trim()}`),
    );
  });

  it('name no path of one machine', () => {
    const path = /(^|[^A-Za-z0-9.])\/(work|root|home)\//;
    report(sources.filter(({ text }) => path.test(text)).map(({ name }) => name));
  });
});

describe('ARCHITECTURE.md', () => {
  it('names files and folders that exist', () => {
    const repository = resolve(root, '..', '..', '..');
    const text = readFileSync(join(repository, 'ARCHITECTURE.md'), 'utf8');
    const named = [...text.matchAll(/`([a-z0-9-]+\/[a-z0-9/.-]*)`/g)].map(
      (match) => match[1] ?? '',
    );
    assert.ok(named.length > 30, `only ${named.length} paths found`);
    const missing = named.filter(
      (path) => !existsSync(join(root, path)) && !existsSync(join(repository, path)),
    );
    report(missing);
  });

  it('lists the folders in the order that the imports keep', () => {
    const repository = resolve(root, '..', '..', '..');
    const text = readFileSync(join(repository, 'ARCHITECTURE.md'), 'utf8');
    const listed = [...text.matchAll(/^\| `([a-z]+)\//gm)].map((match) => match[1] ?? '');
    assert.deepEqual(
      listed,
      order.filter((folder) => listed.includes(folder)),
    );
    assert.ok(listed.length >= 12, listed.join(' '));
  });
});
