/** `orrery curl --from <place> <url>`: one request as a client in that place would make it. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { CloudStatus } from '../../admin/api.ts';
import { placeByName } from '../../world/places.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, CommandError, readArguments, usageError } from '../command.ts';
import { noSuchPlace } from '../place-option.ts';
import { formatMs, paint } from '../terminal.ts';

const help = `Usage: orrery curl --from <place>[:<client>] [-X method] [-H 'name: value'] [-d data] [-i] <url>

Makes a request through the client proxy: the name is resolved through Orrery's Route 53 as a client
in that place, the network latency from there is paid, faults are suffered. Any HTTP client can do
the same: curl -x http://tokyo@127.0.0.1:4580 http://api.orders.test/orders

The answer says which address was used and why, in its header x-orrery-resolution: fresh (asked for
now), cached (within its TTL), stale (past it, and Route 53 is silent), held (by a client that ignores
TTLs; see orrery start --resolver) or connection (looked up when the connection was made).

Options:
  --from <place>    where the client stands (see: orrery places); tokyo:anna is another client
                    there than tokyo or tokyo:ben
  -X, --request <m> method (default GET, POST with --data)
  -H, --header <h>  header, may be repeated
  -d, --data <text> body
  -i, --include     print status line and headers
  -s, --silent      do not print which region answered and how long it took
${clientOptionsHelp}

Examples:
  orrery curl --from tokyo http://api.orders.test/health
  orrery curl --from frankfurt -d '{"customer":"ada","total":12}' http://api.orders.test/orders`;

const options = {
  ...clientOptions,
  from: { type: 'string' },
  request: { type: 'string', short: 'X' },
  header: { type: 'string', short: 'H', multiple: true },
  data: { type: 'string', short: 'd' },
  include: { type: 'boolean', short: 'i', default: false },
  silent: { type: 'boolean', short: 's', default: false },
} as const;

function headersOf(lines: readonly string[], hasBody: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  if (hasBody) headers['content-type'] = 'application/json';
  for (const line of lines) {
    const at = line.indexOf(':');
    if (at < 1) throw usageError(`--header takes 'name: value', not "${line}".`);
    headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
  return headers;
}

interface Answer {
  readonly response: IncomingMessage;
  readonly body: Buffer;
}

function viaProxy(
  proxy: URL,
  place: string,
  url: URL,
  call: { method: string; headers: Record<string, string>; body: string | undefined },
): Promise<Answer> {
  return new Promise((done, fail) => {
    const credentials = Buffer.from(place.includes(':') ? place : `${place}:`).toString('base64');
    const sent = httpRequest({
      host: proxy.hostname,
      port: proxy.port,
      method: call.method,
      path: url.href,
      headers: { host: url.host, ...call.headers, 'proxy-authorization': `Basic ${credentials}` },
    });
    const refused = (error: Error): void =>
      fail(new CommandError(`The client proxy at ${proxy.host} does not answer: ${error.message}`));
    sent.on('error', refused);
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', refused);
      response.on('end', () => done({ response, body: Buffer.concat(pieces) }));
    });
    sent.end(call.body);
  });
}

function urlOf(text: string | undefined): URL {
  if (text === undefined) throw usageError('Which URL? See: orrery curl --help');
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol)) throw usageError(`"${text}" is no URL.`);
  return url;
}

function head(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`];
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
    lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`);
  }
  return `${lines.join('\n')}\n\n`;
}

export const curlCommand: Command = {
  name: 'curl',
  summary: 'one request as a client in a place would make it',
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('curl', args, options);
    const url = urlOf(positionals[0]);
    if (values.from === undefined) throw usageError('Say where the client stands: --from tokyo');
    const [where = ''] = values.from.split(':');
    if (placeByName(where) === undefined) throw noSuchPlace(where);
    const status = await callAdmin<CloudStatus>(findAdminUrl(values.admin), 'GET', '/api/status');
    const startedAt = performance.now();
    const { response, body } = await viaProxy(new URL(status.proxy), values.from, url, {
      method: values.request ?? (values.data === undefined ? 'GET' : 'POST'),
      headers: headersOf(values.header ?? [], values.data !== undefined),
      body: values.data,
    });
    const elapsedMs = performance.now() - startedAt;
    const statusCode = response.statusCode ?? 0;
    const region = String(response.headers['x-orrery-region'] ?? 'no region');
    const timing = String(response.headers['x-orrery-timing'] ?? '');
    const resolution = String(response.headers['x-orrery-resolution'] ?? '');
    if (values.json) {
      const text = body.toString('utf8');
      console.log(
        JSON.stringify(
          {
            statusCode,
            region,
            elapsedMs,
            timing,
            resolution,
            headers: response.headers,
            body: text,
          },
          null,
          2,
        ),
      );
      return statusCode < 500 ? 0 : 1;
    }
    if (values.include) process.stdout.write(head(response));
    process.stdout.write(body);
    if (process.stdout.isTTY && body.at(-1) !== 10) process.stdout.write('\n');
    if (!values.silent) {
      const facts = [timing, resolution].filter((text) => text !== '').map((text) => ` (${text})`);
      const line = `${statusCode} from ${region} in ${formatMs(elapsedMs)}${facts.join('')}`;
      console.error(paint(statusCode < 400 ? 'green' : 'red', line, process.stderr));
    }
    return statusCode < 500 ? 0 : 1;
  },
};
