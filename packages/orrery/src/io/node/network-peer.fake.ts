/** Another process of the cloud, for `network.test.ts`: serves `echo` at eu-west-1. */
import { createNodeIo } from './node-io.ts';

const [root = ''] = process.argv.slice(2);
const io = await createNodeIo({
  id: 'region/eu-west-1',
  location: 'eu-west-1',
  dataDirectory: `${root}/west`,
  runDirectory: `${root}/run`,
  rttMs: () => 0,
  conditions: { links: [] },
});
io.network.serve('echo', (request) => ({ status: 200, headers: {}, body: request.body }));
process.stdout.write('ready\n');
