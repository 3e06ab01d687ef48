/**
 * The AWS SDK that the Node runtimes of Lambda bring along: bundlers leave it out of packages, so it
 * must be found from a function's directory. Owns the `node_modules` above the code of functions.
 *
 * Invariant: nothing but the SDK is found there. A package that somebody forgot to bundle must fail
 * here as it would on AWS.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What the managed runtimes hold, by scope; their own dependencies are found where they lie. */
const scopes = ['@aws-sdk', '@smithy', '@aws'] as const;

/** The nearest `node_modules` upwards of these directories that has the SDK, or undefined. */
export function findSdk(startDirectories: readonly string[]): string | undefined {
  for (const start of startDirectories) {
    for (let directory = start; ; directory = dirname(directory)) {
      const modules = join(directory, 'node_modules');
      if (existsSync(join(modules, '@aws-sdk'))) return modules;
      if (directory === dirname(directory)) break;
    }
  }
  return undefined;
}

/** Makes the SDK of `modules` visible to the code below `codeDirectory`; nothing where absent. */
export function linkSdk(codeDirectory: string, modules: string | undefined): void {
  const visible = join(codeDirectory, 'node_modules');
  rmSync(visible, { recursive: true, force: true });
  if (modules === undefined) return;
  mkdirSync(visible, { recursive: true });
  for (const scope of scopes) {
    const from = join(modules, scope);
    if (existsSync(from)) symlinkSync(from, join(visible, scope), 'dir');
  }
}
