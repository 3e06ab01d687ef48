/**
 * TestDNSAnswer: asks the name servers as a resolver would, on the same road as a packet, so that
 * the two cannot differ.
 */
import type { TestDNSAnswerRequest } from '@aws-sdk/client-route-53';
import { isIp, parseIpv4 } from '../../../stdx/ip.ts';
import { DnsFormatError, rcodeName, typeName, typeNumber } from '../../../wire/dns/constants.ts';
import { clientSubnetOption } from '../../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../../wire/dns/message.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import type { Place } from '../../../world/places.ts';
import { ipOfPlace } from '../../../world/places.ts';
import { constraint, invalidInput } from '../errors.ts';
import { recordTypes } from '../record-set.ts';
import { isInZone, normalizeName } from './names.ts';
import { type ControlPlane, readZone } from './plane.ts';

export type Ask = (
  packet: Uint8Array,
  source: { ip: string; tcp: boolean; zoneId: string },
) => Uint8Array | undefined;

export const testDnsAnswer =
  ({ io, store }: ControlPlane, ask: Ask, defaultPlace: Place) =>
  (input: TestDNSAnswerRequest): object => {
    const zone = readZone(store, input.HostedZoneId);
    if (zone.vpcs !== undefined) {
      throw invalidInput('TestDNSAnswer is not supported for private hosted zones.');
    }
    const type = recordTypes.find((each) => each === input.RecordType);
    if (type === undefined) {
      throw constraint(
        input.RecordType,
        'recordType',
        `Member must satisfy enum value set: [${recordTypes.join(', ')}]`,
      );
    }
    const normalized = normalizeName(input.RecordName ?? '');
    if ('problem' in normalized) throw invalidInput(normalized.problem);
    if (!isInZone(normalized.name, zone.name)) {
      throw invalidInput(`${normalized.name} is not in zone ${zone.name}`);
    }
    const resolver = input.ResolverIP ?? ipOfPlace(defaultPlace);
    if (!isIp(resolver)) throw invalidInput(`${resolver} is not a valid IP address.`);
    const query = queryMessage({
      id: io.random.int(0, 65535),
      name: zoneFileName(normalized.name),
      type: typeNumber(type) ?? 0,
      edns: { options: subnetOptions(input) },
    });
    const answer = ask(serializeMessage(query), {
      ip: resolver,
      tcp: true,
      zoneId: zone.id,
    });
    if (answer === undefined) throw invalidInput('The name servers gave no answer.');
    const message = parseMessage(answer);
    return {
      Nameserver: zone.nameServers[0],
      RecordName: normalized.name,
      RecordType: type,
      RecordData: message.answers.map(({ type: of, data }) =>
        typeName(of) === type ? dataText(of, data, 8) : `${typeName(of)} ${dataText(of, data, 8)}`,
      ),
      ResponseCode: rcodeName(message.rcode),
      Protocol: 'UDP',
    };
  };

/** Octal escapes of Route 53 as the decimal ones of messages. */
function zoneFileName(name: string): string {
  return name.replace(/\\([0-7]{3})/g, (_, octal: string) => {
    return `\\${Number.parseInt(octal, 8).toString().padStart(3, '0')}`;
  });
}

function subnetOptions(input: TestDNSAnswerRequest): { code: number; data: Uint8Array }[] {
  const ip = input.EDNS0ClientSubnetIP;
  const mask = input.EDNS0ClientSubnetMask;
  if (ip === undefined) {
    if (mask !== undefined) throw invalidInput('EDNS0ClientSubnetMask needs EDNS0ClientSubnetIP.');
    return [];
  }
  const usual = parseIpv4(ip) === undefined ? '64' : '24';
  try {
    return [clientSubnetOption(`${ip}/${mask ?? usual}`)];
  } catch (error) {
    if (error instanceof DnsFormatError) throw invalidInput(error.message);
    throw error;
  }
}
