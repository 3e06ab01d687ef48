/** `orrery dig --from <place> <name>`: a real DNS query as the resolver of that place sends it. */
import { createSocket } from 'node:dgram';
import type { CloudStatus } from '../../admin/api.ts';
import type { World } from '../../services/route53/api.ts';
import { rcodeName, typeName, typeNumber } from '../../wire/dns/constants.ts';
import { clientSubnetOption } from '../../wire/dns/edns.ts';
import {
  type DnsMessage,
  parseMessage,
  queryMessage,
  type ResourceRecord,
  serializeMessage,
} from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { regionOfIp } from '../../world/addresses.ts';
import { rttMs } from '../../world/latency.ts';
import { placeByName } from '../../world/places.ts';
import { isRegion } from '../../world/regions.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, CommandError, readArguments, usageError } from '../command.ts';
import { out, table } from '../terminal.ts';
import { worldMap } from '../world-map.ts';

const help = `Usage: orrery dig --from <place> [--explain] <name> [type]
       orrery dig --world [--svg] [--what-if down=<region>] <name> [type]

Asks Orrery's Route 53 over UDP, with the client subnet of a place. Plain dig can do the same:
dig @127.0.0.1 -p 4553 +subnet=<subnet of the place> <name>

Options:
  --from <place>    where the client stands (see: orrery places)
  --explain         show how the answer was chosen
  --world           the answer at every place
  --svg             with --world: a map, as SVG on standard output
  --what-if <what>  down=us-east-1,eu-central-1: as if health checks of these regions
                    (or of these ids) had failed; with --world or --explain, nothing changes
${clientOptionsHelp}

Examples:
  orrery dig --from tokyo api.orders.test
  orrery dig --from frankfurt --explain api.orders.test
  orrery dig --from sydney api.orders.test AAAA
  orrery dig --world --what-if down=us-east-1 api.orders.test
  orrery dig --world --svg api.orders.test > catchments.svg`;

const options = {
  ...clientOptions,
  from: { type: 'string' },
  explain: { type: 'boolean', default: false },
  world: { type: 'boolean', default: false },
  svg: { type: 'boolean', default: false },
  'what-if': { type: 'string' },
} as const;

const deadlineMs = 3_000;

function ask(server: string, packet: Uint8Array): Promise<DnsMessage> {
  const [host = '127.0.0.1', port = '53'] = server.split(':');
  return new Promise((done, fail) => {
    const socket = createSocket('udp4');
    const end = (act: () => void): void => {
      clearTimeout(deadline);
      socket.close();
      act();
    };
    const deadline = setTimeout(() => {
      end(() => fail(new CommandError(`No DNS answer from ${server} within ${deadlineMs} ms.`)));
    }, deadlineMs);
    socket.on('error', (error) => end(() => fail(new CommandError(error.message))));
    socket.on('message', (answer) => end(() => done(parseMessage(answer))));
    socket.send(packet, Number(port), host);
  });
}

interface Line {
  readonly name: string;
  readonly ttl: number;
  readonly type: string;
  readonly value: string;
  readonly region: string | null;
}

const lineOf = (record: ResourceRecord): Line => {
  const value = dataText(record.type, record.data);
  const region = typeName(record.type) === 'A' ? (regionOfIp(value) ?? null) : null;
  return { name: record.name, ttl: record.ttl, type: typeName(record.type), value, region };
};

function render(lines: readonly Line[], place: string): string {
  const rows = lines.map(({ name, ttl, type, value, region }) => {
    const away = region === null ? '' : `${region}, ${rttMs(place, region).toFixed(0)} ms away`;
    return [name, String(ttl), type, out('green', value), away];
  });
  return table(['NAME', 'TTL', 'TYPE', 'VALUE', ''], rows);
}

/** `down=us-east-1,…`: regions and ids of health checks. */
function downOf(whatIf: string | undefined): readonly string[] {
  if (whatIf === undefined) return [];
  const match = /^down=(.+)$/.exec(whatIf);
  if (match?.[1] === undefined) throw usageError(`--what-if takes down=<region>, not "${whatIf}".`);
  const down = match[1].split(',').filter((each) => each !== '');
  const isKnown = (each: string): boolean => isRegion(each) || /^[0-9a-f-]{36}$/.test(each);
  const wrong = down.find((each) => !isKnown(each));
  if (wrong === undefined) return down;
  throw usageError(`"${wrong}" is neither a region nor the id of a health check.`);
}

function showWorld(
  world: World,
  down: readonly string[],
  how: { readonly svg: boolean; readonly json: boolean },
): void {
  if (how.svg) console.log(worldMap(world, down).trimEnd());
  else if (how.json) console.log(JSON.stringify(world, null, 2));
  else {
    const rows = world.places.map(({ place, label, answers, latencyMs }) => [
      place,
      out('green', label),
      latencyMs === null ? '' : `${latencyMs.toFixed(0)} ms`,
      answers.join(' '),
    ]);
    console.log(table(['PLACE', 'ANSWERED BY', 'AWAY', 'VALUES'], rows));
  }
}

export const digCommand: Command = {
  name: 'dig',
  summary: "a DNS query as a place's resolver sends it",
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('dig', args, options);
    const [name, typeText = 'A'] = positionals;
    if (name === undefined) throw usageError('Which name? See: orrery dig --help');
    const type = typeNumber(typeText.toUpperCase());
    if (type === undefined) throw usageError(`"${typeText}" is no DNS record type.`);
    const down = downOf(values['what-if']);
    const where = { name, type: typeText.toUpperCase(), down: down.join(',') };
    if (values.svg && !values.world) throw usageError('--svg draws the answers of --world.');
    if (values.world) {
      const admin = findAdminUrl(values.admin);
      const path = `/api/world?${new URLSearchParams(where)}`;
      showWorld(await callAdmin<World>(admin, 'GET', path), down, values);
      return 0;
    }
    if (down.length > 0 && !values.explain) {
      throw usageError('--what-if goes with --explain or --world.');
    }
    if (values.from === undefined) throw usageError('Say where the client stands: --from tokyo');
    const place = placeByName(values.from);
    if (place === undefined) {
      throw usageError(`There is no place "${values.from}". See: orrery places`);
    }
    const admin = findAdminUrl(values.admin);
    const status = await callAdmin<CloudStatus>(admin, 'GET', '/api/status');
    const query = queryMessage({
      id: Math.floor(Math.random() * 0xffff),
      name: name.endsWith('.') ? name : `${name}.`,
      type,
      edns: { options: [clientSubnetOption(place.subnet)] },
    });
    const answer = await ask(status.dns, serializeMessage(query));
    const question = new URLSearchParams({ ...where, place: place.name });
    const explanation = values.explain
      ? await callAdmin<unknown>(admin, 'GET', `/api/explain?${question}`)
      : undefined;
    const rcode = rcodeName(answer.rcode);
    const answers = answer.answers.map(lineOf);
    const authorities = answer.authorities.map(lineOf);
    if (values.json) {
      const data = { place: place.name, subnet: place.subnet, rcode, answers, authorities };
      console.log(JSON.stringify({ ...data, ...(values.explain && { explanation }) }, null, 2));
      return rcode === 'NOERROR' ? 0 : 1;
    }
    console.log(out('grey', `${rcode} for a client in ${place.displayName} (${place.subnet})`));
    if (answers.length > 0) console.log(render(answers, `@${place.name}`));
    else if (authorities.length > 0) console.log(render(authorities, `@${place.name}`));
    if (explanation !== undefined) console.log(`\n${explanationText(explanation)}`);
    return rcode === 'NOERROR' ? 0 : 1;
  },
};

function explanationText(explanation: unknown): string {
  const text = (explanation as { text?: unknown }).text;
  return typeof text === 'string' ? text : JSON.stringify(explanation, null, 2);
}
