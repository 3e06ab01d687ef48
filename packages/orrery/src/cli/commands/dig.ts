/** `orrery dig --from <place> <name>`: a real DNS query as the resolver of that place sends it. */
import { createSocket } from 'node:dgram';
import type { CloudStatus } from '../../admin/api.ts';
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
import { callAdmin, clientOptions, clientOptionsHelp, findAdminUrl } from '../admin-client.ts';
import { type Command, CommandError, readArguments, usageError } from '../command.ts';
import { out, table } from '../terminal.ts';

const help = `Usage: orrery dig --from <place> [--explain] <name> [type]

Asks Orrery's Route 53 over UDP, with the client subnet of a place. Plain dig can do the same:
dig @127.0.0.1 -p 4553 +subnet=<subnet of the place> <name>

Options:
  --from <place>    where the client stands (see: orrery places)
  --explain         show how the answer was chosen
${clientOptionsHelp}

Examples:
  orrery dig --from tokyo api.orders.test
  orrery dig --from frankfurt --explain api.orders.test
  orrery dig --from sydney api.orders.test AAAA`;

const options = {
  ...clientOptions,
  from: { type: 'string' },
  explain: { type: 'boolean', default: false },
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
    const question = new URLSearchParams({ name, type: typeText, place: place.name });
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
