/** `orrery dig --from <place> <name>`: a real DNS query as the resolver of that place sends it. */
import type { CloudStatus } from '../../admin/api.ts';
import type { Explanation, World } from '../../services/route53/api.ts';
import { isIp } from '../../stdx/ip.ts';
import {
  DnsFormatError,
  ednsOptions,
  rcodeName,
  typeName,
  typeNumber,
} from '../../wire/dns/constants.ts';
import { clientSubnetOption, type EdnsOption } from '../../wire/dns/edns.ts';
import { queryMessage, type ResourceRecord, serializeMessage } from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { regionOfIp } from '../../world/addresses.ts';
import { placeByName } from '../../world/places.ts';
import { isRegion } from '../../world/regions.ts';
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, readArguments, usageError } from '../command.ts';
import { askDns, readServer } from '../dns-client.ts';
import { noSuchPlace } from '../place-option.ts';
import { out, table } from '../terminal.ts';
import { worldMap } from '../world-map.ts';
import { worldTable, worldText } from '../world-text.ts';

const help = `Usage: orrery dig --from <place> [--explain] <name> [type]
       orrery dig --vpc <vpc or region> <name> [type]
       orrery dig --world [--table | --svg] [--what-if down=<region>] <name> [type]

Asks Orrery's Route 53, with the client subnet of a place, over UDP (over TCP where the answer is
too long for it). Plain dig can do the same:
dig @127.0.0.1 -p 4553 +subnet=<subnet of the place> <name>

Options:
  --from <place>    where the client stands (see: orrery places): a place, a region for its city,
                    or an address or subnet of a real client (see: orrery start --geoip)
  --vpc <vpc>       as from inside a VPC, for private zones: its id, or a region for all there
  --explain         show how the answer was chosen
  --world           the answer at every place: a map and a line for each region
  --table           with --world: a line for each place
  --svg             with --world: a map, as SVG on standard output
  --what-if <what>  down=us-east-1,eu-central-1: as if health checks of these regions
                    (or of these ids) had failed; with --world or --explain, nothing changes
  --type <type>     A, AAAA, TXT … (default A); the same as a second word after the name
  --tcp             over TCP
  --server <server> another name server, 127.0.0.1:4553 or [::1]:53; the same as @127.0.0.1:4553
${clientOptionsHelp}

Examples:
  orrery dig --from tokyo api.orders.test
  orrery dig --from frankfurt --explain api.orders.test
  orrery dig --from 203.0.113.0/24 --explain api.orders.test
  orrery dig --from sydney api.orders.test AAAA
  orrery dig --vpc eu-central-1 db.internal
  orrery dig @127.0.0.1:4553 --tcp --type TXT orders.test
  orrery dig --world --what-if down=us-east-1 api.orders.test
  orrery dig --world --svg api.orders.test > catchments.svg`;

const options = {
  ...clientOptions,
  from: { type: 'string' },
  vpc: { type: 'string' },
  explain: { type: 'boolean', default: false },
  world: { type: 'boolean', default: false },
  table: { type: 'boolean', default: false },
  svg: { type: 'boolean', default: false },
  'what-if': { type: 'string' },
  type: { type: 'string' },
  tcp: { type: 'boolean', default: false },
  server: { type: 'string' },
} as const;

type Values = ReturnType<typeof readArguments<typeof options>>['values'];

interface Question {
  readonly name: string;
  readonly type: string;
  readonly server: string | undefined;
  readonly down: readonly string[];
}

/** `@server`, the name and the type, in any order of options among them. */
function questionOf(values: Values, positionals: readonly string[]): Question {
  const servers = positionals.filter((word) => word.startsWith('@')).map((word) => word.slice(1));
  const [name, typeWord, ...more] = positionals.filter((word) => !word.startsWith('@'));
  if (name === undefined) throw usageError('Which name? See: orrery dig --help');
  if (more.length > 0) throw usageError(`One name and one type, not also "${more.join(' ')}".`);
  if (servers.length + (values.server === undefined ? 0 : 1) > 1) {
    throw usageError('One server at a time.');
  }
  if (typeWord !== undefined && values.type !== undefined) {
    throw usageError(`The type is given twice: ${typeWord} and --type ${values.type}.`);
  }
  const type = (values.type ?? typeWord ?? 'A').toUpperCase();
  if (typeNumber(type) === undefined) throw usageError(`"${type}" is no DNS record type.`);
  return { name, type, server: values.server ?? servers[0], down: downOf(values['what-if']) };
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

/** Who asks: what the query says, and what the admin interface is asked with. */
interface Client {
  readonly words: string;
  readonly place: string | null;
  readonly subnet: string | null;
  readonly edns: readonly EdnsOption[];
  readonly who: Readonly<Record<string, string>>;
}

function clientOf({ from, vpc }: Values): Client {
  const inVpc: readonly EdnsOption[] =
    vpc === undefined ? [] : [{ code: ednsOptions.SELECTOR, data: Buffer.from(`vpc=${vpc}`) }];
  const who: Readonly<Record<string, string>> = vpc === undefined ? {} : { vpc };
  if (from === undefined) {
    const words = vpc === undefined ? 'this machine' : `a client in ${vpc}`;
    return { words, place: null, subnet: null, edns: inVpc, who };
  }
  const place = placeByName(from);
  if (place !== undefined) {
    const { name, displayName, subnet } = place;
    const edns = [clientSubnetOption(subnet), ...inVpc];
    const words = `a client in ${displayName} (${subnet})`;
    return { words, place: name, subnet, edns, who: { ...who, place: name } };
  }
  if (!isIp(from.split('/')[0] ?? '')) throw noSuchPlace(from);
  try {
    const edns = [clientSubnetOption(from), ...inVpc];
    return {
      words: `a client at ${from}`,
      place: null,
      subnet: from,
      edns,
      who: { ...who, ip: from },
    };
  } catch (error) {
    if (error instanceof DnsFormatError) throw usageError(`"${from}" is no subnet.`);
    throw error;
  }
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

function render(lines: readonly Line[], explanation: Explanation | undefined): string {
  const rows = lines.map(({ name, ttl, type, value, region }) => {
    const ms = region === null ? undefined : explanation?.client.rttMs[region];
    const away = ms === undefined ? (region ?? '') : `${region}, ${ms.toFixed(0)} ms away`;
    return [name, String(ttl), type, out('green', value), away];
  });
  return table(['NAME', 'TTL', 'TYPE', 'VALUE', ''], rows);
}

async function showWorld({ name, type, down }: Question, values: Values): Promise<void> {
  const query = new URLSearchParams({ name, type, down: down.join(',') });
  const admin = findAdminUrl(values.admin);
  const world = await callAdmin<World>(admin, 'GET', `/api/world?${query}`);
  if (values.svg) console.log(worldMap(world, down).trimEnd());
  else if (values.json) console.log(JSON.stringify(world, null, 2));
  else if (values.table) console.log(worldTable(world));
  else console.log(worldText(world, down, process.stdout.columns ?? 80));
}

/** What cannot be done together, said before anything is asked. */
function refuseMixed(values: Values, { server, down }: Question): void {
  if (values.svg && !values.world) throw usageError('--svg draws the answers of --world.');
  if (values.table && !values.world) throw usageError('--table lists the answers of --world.');
  if (values.world && (values.vpc ?? values.from ?? server) !== undefined) {
    throw usageError('--world asks for every place: leave out --from, --vpc and the server.');
  }
  if (down.length > 0 && !values.explain && !values.world) {
    throw usageError('--what-if goes with --explain or --world.');
  }
  if (values.world || values.vpc !== undefined || server !== undefined) return;
  if (values.from === undefined) throw usageError('Say where the client stands: --from tokyo');
}

export const digCommand: Command = {
  name: 'dig',
  summary: "a DNS query as a place's resolver sends it",
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('dig', args, options);
    const question = questionOf(values, positionals);
    refuseMixed(values, question);
    if (values.world) {
      await showWorld(question, values);
      return 0;
    }
    const { name, type, down } = question;
    const client = clientOf(values);
    // A server that is named needs no running cloud, but for the explanation.
    const isElsewhere = question.server !== undefined;
    const server = readServer(question.server ?? (await dnsOf(values)));
    const query = queryMessage({
      id: Math.floor(Math.random() * 0xffff),
      name: name.endsWith('.') ? name : `${name}.`,
      type: typeNumber(type) ?? 0,
      edns: { options: [...client.edns] },
    });
    const { answer, transport } = await askDns(server, serializeMessage(query), values.tcp);
    const where = new URLSearchParams({ name, type, down: down.join(','), ...client.who });
    const explanation =
      isElsewhere && !values.explain
        ? undefined
        : await callAdmin<Explanation>(findAdminUrl(values.admin), 'GET', `/api/explain?${where}`);
    const rcode = rcodeName(answer.rcode);
    const answers = answer.answers.map(lineOf);
    const authorities = answer.authorities.map(lineOf);
    if (values.json) {
      const { place, subnet } = client;
      const data = { place, subnet, transport, rcode, answers, authorities };
      console.log(JSON.stringify({ ...data, ...(values.explain && { explanation }) }, null, 2));
      return rcode === 'NOERROR' ? 0 : 1;
    }
    const over = transport === 'TCP' ? ', over TCP' : '';
    console.log(out('grey', `${rcode} for ${client.words}${over}`));
    if (answers.length > 0) console.log(render(answers, explanation));
    else if (authorities.length > 0) console.log(render(authorities, undefined));
    if (values.explain && explanation !== undefined) console.log(`\n${explanation.text}`);
    return rcode === 'NOERROR' ? 0 : 1;
  },
};

async function dnsOf(values: Values): Promise<string> {
  return (await callAdmin<CloudStatus>(findAdminUrl(values.admin), 'GET', '/api/status')).dns;
}
