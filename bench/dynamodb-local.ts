/**
 * Amazon's DynamoDB Local, where Java and Maven are on the machine: it comes from Maven Central, once,
 * and keeps its tables in files, as we do.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { eventually } from '../packages/orrery/test/eventually.ts';
import { freePort, type Server, spawnServer, temporaryFolder } from './servers.ts';

const version = '2.6.1';
const cache = join(import.meta.dirname, 'node_modules', '.cache', `dynamodb-local-${version}`);
const main = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner';
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>orrery</groupId><artifactId>peer</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId>
    <version>${version}</version>
  </dependency></dependencies>
</project>
`;

/** The server, or why there is none. */
export async function startDynamoDbLocal(): Promise<Server | string> {
  for (const program of ['java', 'mvn']) {
    const found = (process.env['PATH'] ?? '')
      .split(delimiter)
      .some((folder) => existsSync(join(folder, program)));
    if (!found) return `there is no ${program} on the PATH`;
  }
  const problem = fetchOnce();
  if (problem !== undefined) return problem;
  const port = await freePort();
  const server = await spawnServer(
    'java',
    [
      ...[`-Djava.library.path=${cache}`, '-cp', join(cache, '*'), main],
      ...['-port', String(port), '-dbPath', temporaryFolder(), '-disableTelemetry'],
    ],
    /CorsParams/,
    { port },
  );
  // It says so before it listens; a request that is not signed is refused.
  await eventually(async () => {
    await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1_000) });
  });
  return server;
}

function fetchOnce(): string | undefined {
  if (existsSync(cache)) return undefined;
  console.error('fetching DynamoDB Local from Maven Central, once …');
  const folder = `${cache}.part`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'pom.xml'), pom);
  try {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
    execFileSync('mvn', ['-q', '-B', '-f', join(folder, 'pom.xml'), ...goal], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 10 * 60_000,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return `Maven could not fetch it: ${(error as Error).message.split('\n')[0]}`;
  }
  renameSync(folder, cache);
  return undefined;
}
