/**
 * Entry of a region's process. Owns its `io`, its listener and its end: it stops when told, when
 * its parent is gone, or when it cannot start, and says which.
 */
import { flushCompileCache } from 'node:module';
import type { NetworkConditions } from '../io/conditions.ts';
import { StorageError } from '../io/io.ts';
import { listenHttp } from '../io/node/listen-http.ts';
import { createNodeIo } from '../io/node/node-io.ts';
import { latencyModel } from '../regions/options.ts';
import { openRegion } from '../regions/region.ts';
import { welcome } from '../regions/welcome.ts';
import { createRecorder } from '../trace/recorder.ts';
import { regionIp } from '../world/addresses.ts';
import type { FromRegion, RegionProcessConfig, ToRegion } from './region-messages.ts';

const config = JSON.parse(process.argv[2] ?? '') as RegionProcessConfig;
const conditions: NetworkConditions = { links: config.links };
/** So few that they die young: thousands would grow old, and their collection cost a tenth of all. */
const eventsKept = 256;

function tell(message: FromRegion): Promise<void> {
  return new Promise((sent) => {
    if (process.send === undefined) sent();
    else process.send(message, undefined, undefined, () => sent());
  });
}

async function run(): Promise<void> {
  const { region, settings } = config;
  const io = await createNodeIo({
    id: `region/${region}`,
    location: region,
    dataDirectory: config.dataDir,
    runDirectory: config.runDir,
    rttMs: latencyModel(settings),
    conditions,
    durability: settings.durability,
    isolation: settings.isolation,
    ...(config.sdkModules === undefined ? {} : { sdkModules: config.sdkModules }),
    sink: {
      event: (kind, data) => {
        recorder.record(kind, data);
        if (kind === 'internal-error') console.error(new Date().toISOString(), kind, data);
      },
      broken: (what, stack) => {
        console.error(new Date().toISOString(), 'INVARIANT BROKEN', what, stack);
        void tell({ type: 'alarm', message: `broken invariant: ${what}` });
      },
    },
  });
  const recorder = createRecorder(io.clock, eventsKept);
  const endpoint = await openRegion(io, settings);
  const { port, regions } = settings;
  const about = {
    what: `its region ${region}`,
    endpoint: `http://${regionIp(region)}:${port}`,
    regions,
    port,
  };
  const listener = await listenHttp({
    what: `the endpoint of ${region}`,
    host: regionIp(region),
    port,
    portOption: '--port',
    handler: (request) => welcome(request, about) ?? endpoint.handle(request, region),
    onBug: (error) => console.error(new Date().toISOString(), error),
  });
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await listener.close();
    await endpoint.stop();
    await io.close();
    process.exit(0);
  };
  process.on('message', (message: ToRegion) => {
    if (message.type === 'links') conditions.links = message.links;
    if (message.type === 'stop') void end();
  });
  await tell({ type: 'ready', port: listener.port });
  flushCompileCache();
}

// The edge ends regions; a Ctrl-C meant for it must not reach them first.
process.on('SIGINT', () => {});
// Without an edge nobody could reach, fault or stop this region.
process.on('disconnect', () => process.exit(0));

run().catch(async (error: Error) => {
  console.error(error);
  const unusable = error instanceof StorageError;
  await tell({ type: 'failed', message: error.message, unusable });
  process.exit(1);
});
