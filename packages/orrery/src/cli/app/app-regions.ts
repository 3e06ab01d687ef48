/** Which regions an app needs: those of its stacks, and those of its tables' replicas. */
import type { LoadedApp } from './load-app.ts';

/** In order of first mention, so the first is where the app's own stacks begin. */
export function appRegions(app: LoadedApp): readonly string[] {
  const found = new Set(app.stacks.map((stack) => stack.region));
  for (const { templateBody } of app.stacks) {
    // Replicas of a global table: {"Region": "eu-central-1"}; so are latency records, which name
    // regions that the app stands in.
    for (const match of templateBody.matchAll(/"Region"\s*:\s*"([a-z]{2}-[a-z]+-\d)"/g)) {
      found.add(match[1] ?? '');
    }
  }
  return [...found];
}
