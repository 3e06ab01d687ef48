/**
 * Hostile requests at the REST-XML API from a seed, and what must hold of every answer: for a
 * short test and for the fuzzing script.
 */
import assert from 'node:assert/strict';
import { createEndpoint, type Endpoint } from '../../endpoint/endpoint.ts';
import type { HttpRequest, HttpResponse, Random } from '../../io/io.ts';
import { namedRandom } from '../../io/simulated/random.ts';
import { createUniverse } from '../../io/simulated/universe.ts';
import { createRoute53Service } from './service.ts';

const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';
const authorization =
  'AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/route53/aws4_request, ' +
  'SignedHeaders=host, Signature=0';

const set = (more: string, type = 'A', value = '192.0.2.1'): string =>
  `<ResourceRecordSet><Name>www.fuzz.test</Name><Type>${type}</Type>${more}<TTL>60</TTL>` +
  `<ResourceRecords><ResourceRecord><Value>${value}</Value></ResourceRecord></ResourceRecords>` +
  '</ResourceRecordSet>';
const change = (...sets: string[]): string =>
  '<ChangeBatch><Comment>c</Comment><Changes>' +
  sets.map((each) => `<Change><Action>UPSERT</Action>${each}</Change>`).join('') +
  '</Changes></ChangeBatch>';
const check = (config: string): string =>
  `<CallerReference>@@</CallerReference><HealthCheckConfig>${config}</HealthCheckConfig>`;

/** Method, path and body of requests that would be right; `@@` is a number, `@zone` a zone's id. */
const templates: readonly (readonly [method: string, path: string, root: string, body: string])[] =
  [
    [
      'POST',
      '/hostedzone',
      'CreateHostedZoneRequest',
      '<Name>z@@.test</Name><CallerReference>@@</CallerReference><HostedZoneConfig><Comment>x' +
        '</Comment><PrivateZone>false</PrivateZone></HostedZoneConfig>',
    ],
    ...[
      change(set('')),
      change(set('<SetIdentifier>a</SetIdentifier><Weight>3</Weight>')),
      change(set('<SetIdentifier>a</SetIdentifier><Region>us-east-1</Region>')),
      change(
        set(
          '<SetIdentifier>a</SetIdentifier><GeoProximityLocation><Coordinates><Latitude>1.5' +
            '</Latitude><Longitude>2</Longitude></Coordinates><Bias>50</Bias></GeoProximityLocation>',
        ),
      ),
      change(set('', 'TXT', '&quot;a&quot;'), set('', 'MX', '10 mail.fuzz.test.')),
      change(set('', 'SVCB', '1 . alpn=h2 port=443'), set('', 'CAA', '0 issue &quot;ca&quot;')),
    ].map(
      (body) =>
        ['POST', '/hostedzone/@zone/rrset', 'ChangeResourceRecordSetsRequest', body] as const,
    ),
    ...[
      '<Type>HTTP</Type><IPAddress>192.0.2.1</IPAddress><Port>80</Port><ResourcePath>/x</ResourcePath>',
      '<Type>HTTPS_STR_MATCH</Type><FullyQualifiedDomainName>a.test</FullyQualifiedDomainName>' +
        '<SearchString>ok</SearchString><Regions><Region>us-east-1</Region><Region>eu-west-1' +
        '</Region><Region>sa-east-1</Region></Regions>',
      '<Type>CALCULATED</Type><HealthThreshold>1</HealthThreshold>',
    ].map((config) => ['POST', '/healthcheck', 'CreateHealthCheckRequest', check(config)] as const),
    [
      'POST',
      '/tags/hostedzone/@zone',
      'ChangeTagsForResourceRequest',
      '<AddTags><Tag><Key>k</Key><Value>v</Value></Tag></AddTags>',
    ],
    [
      'POST',
      '/cidrcollection',
      'CreateCidrCollectionRequest',
      '<Name>c@@</Name><CallerReference>@@</CallerReference>',
    ],
    ['POST', '/hostedzone/@zone', 'UpdateHostedZoneCommentRequest', '<Comment>c</Comment>'],
    ['GET', '/hostedzone', '', ''],
    ['GET', '/hostedzonesbyname?dnsname=a.test&maxitems=3', '', ''],
    ['GET', '/hostedzone/@zone/rrset?name=www.fuzz.test&type=A&maxitems=2', '', ''],
    ['GET', '/testdnsanswer?hostedzoneid=@zone&recordname=www.fuzz.test&recordtype=A', '', ''],
    ['GET', '/healthcheck?maxitems=5', '', ''],
    ['GET', '/geolocation?countrycode=JP', '', ''],
    ['GET', '/hostedzonelimit/@zone/MAX_RRSETS_BY_ZONE', '', ''],
    ['DELETE', '/hostedzone/@zone', '', ''],
    ['GET', '/change/C1', '', ''],
  ];

const oddTexts = [
  '&lol9;',
  '&#0;',
  '&#xD800;',
  '&#x110000;',
  '&#99999999999999999999;',
  '&amp;amp;',
  '&;',
  '&',
  '<![CDATA[]]]]><![CDATA[>]]>',
  '<!-- -- -->',
  '<?php x?>',
  '</x>',
  '<x/>',
  '<a:b xmlns:a="u">1</a:b>',
  '-1',
  '1e309',
  'NaN',
  '99999999999999999999',
  ' 5 ',
  '0x10',
  'TRUE',
  '',
  '\u0000',
  '\uFFFE',
  'é\u0301',
  '\\000.test',
  '\\400.test',
  '*.*.test',
  '.',
  '..',
  'a'.repeat(64),
  'a.'.repeat(127),
  'x'.repeat(5000),
  '"',
  '"\\',
  '\\# 4 00000000',
  '::ffff:1.2.3.4.5',
  '__proto__',
  'constructor',
];
const bombs = [
  '<!DOCTYPE x [<!ENTITY lol "lol"><!ENTITY lol9 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>',
  '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
  '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>',
  '<?xml version="9.9" encoding="utf-7"?>',
  '\uFEFF\uFEFF',
];

class Requests {
  private readonly random: Random;
  private readonly zone: () => string;

  constructor(random: Random, zone: () => string) {
    this.random = random;
    this.zone = zone;
  }

  private pick<T>(of: readonly T[]): T {
    return of[this.random.int(0, of.length - 1)] as T;
  }

  request(): HttpRequest {
    const [method, path, root, inner] = this.pick(templates);
    const body = root === '' ? Buffer.alloc(0) : this.body(root, this.filled(inner));
    return {
      method,
      path: this.path(`/2013-04-01${path}`),
      headers: { authorization, host: '127.0.0.1', 'content-type': 'text/xml' },
      body,
    };
  }

  private filled(text: string): string {
    return text.replaceAll('@@', String(this.random.int(0, 200))).replaceAll('@zone', this.zone());
  }

  private path(template: string): string {
    let path = this.filled(template);
    if (this.random.chance(0.7)) return path;
    const odd = ['%00', '%2F', '%FF', '..', '%', '%zz', '+', '&', '=', '?', '\\', '*', 'é', '"'];
    const parts = path.split(/(?<=[/=&?])/);
    const at = this.random.int(2, parts.length);
    const length = this.random.chance(0.2) ? this.pick([100, 1900, 4000]) : 1;
    parts.splice(at, this.random.int(0, 1), this.pick(odd).repeat(length));
    path = parts.join('');
    if (this.random.chance(0.3)) path += `${path.includes('?') ? '&' : '?'}maxitems=-1&marker=`;
    return path;
  }

  private body(root: string, inner: string): Buffer {
    let text = inner;
    for (let edits = this.random.int(0, 3); edits > 0; edits--) text = this.edited(text);
    const head = this.random.chance(0.1) ? this.pick(bombs) : '<?xml version="1.0"?>';
    const space = this.random.chance(0.1) ? 'urn:other' : namespace;
    const whole = Buffer.from(`${head}<${root} xmlns="${space}">${text}</${root}>`);
    switch (this.random.int(0, 19)) {
      case 0:
        return whole.subarray(0, this.random.int(0, whole.length));
      case 1:
        for (let n = this.random.int(1, 5); n > 0; n--) {
          whole[this.random.int(0, whole.length - 1)] = this.random.int(0, 255);
        }
        return whole;
      case 2:
        return Buffer.from(whole.toString(), 'utf16le');
      case 3:
        return Buffer.from(this.random.bytes(this.random.int(0, 2000)));
      default:
        return whole;
    }
  }

  private edited(text: string): string {
    const texts = [...text.matchAll(/>([^<]*)</g)];
    const elements = [...text.matchAll(/<(\w+)>[^<]*<\/\1>/g)];
    const element = elements.length === 0 ? undefined : this.pick(elements);
    switch (this.random.int(0, 5)) {
      case 0: {
        const depth = this.pick([3, 60, 70, 5000]);
        return text + '<d>'.repeat(depth) + '</d>'.repeat(this.random.chance(0.5) ? depth : 1);
      }
      case 1:
        if (element === undefined) return text;
        return text.replace(element[0], element[0].repeat(this.pick([0, 2, 300, 1200])));
      case 2:
        return text.replace(
          /<\w+/,
          (tag) => `${tag} ${`a${this.random.int(0, 9)}="&lt;" `.repeat(this.pick([1, 2, 900]))}`,
        );
      case 3:
        return text.replace('<Change>', '<Change>'.repeat(this.random.int(0, 2)));
      default: {
        const at = texts.length === 0 ? 0 : (this.pick(texts).index ?? 0) + 1;
        return text.slice(0, at) + this.pick(oddTexts) + text.slice(at);
      }
    }
  }
}

export interface RequestReport {
  readonly requests: number;
  readonly statuses: ReadonlyMap<number, number>;
  readonly slowestMs: number;
}

const statusesAllowed = [200, 201, 400, 403, 404, 405, 409, 413, 501];
/** Of a batch of a thousand changes, on a busy machine. */
const slowMs = 2000;

/** Rejects at the first request of which something does not hold; the message holds it. */
export async function fuzzRequests(
  seed: number,
  count: number,
  nowMs: () => number,
): Promise<RequestReport> {
  const universe = await createUniverse({ seed, strict: false });
  let endpoint: Endpoint | undefined;
  universe.spawn('edge', 'global', async (io) => {
    endpoint = createEndpoint({
      io,
      region: 'global',
      accountId: '000000000000',
      services: [await createRoute53Service(io, { propagationMs: 1 })],
      auth: { mode: 'open' },
      regions: ['us-east-1'],
      globalServices: new Set(['route53']),
    });
    await endpoint.start();
  });
  await universe.runUntil(10_000);
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const handle = endpoint?.handle;
    assert.ok(handle);
    const answer = await universe.perform('edge', async () => handle(request, 'global'), 10_000);
    assert.ok(answer !== undefined, 'an answer comes');
    return answer;
  };
  let zone = 'Z1';
  const requests = new Requests(namedRandom(seed, 'requests'), () => zone);
  const statuses = new Map<number, number>();
  let slowestMs = 0;
  for (let n = 0; n < count; n++) {
    if (n % 500 === 0) zone = await makeZone(send, `fuzz${n}`);
    const request = requests.request();
    try {
      const startedMs = nowMs();
      const answer = await send(request);
      slowestMs = Math.max(slowestMs, nowMs() - startedMs);
      assert.ok(nowMs() - startedMs < slowMs, 'an answer comes soon');
      checkAnswer(answer);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    } catch (error) {
      const body = Buffer.from(request.body).toString().slice(0, 1500);
      const what = `${request.method} ${request.path.slice(0, 300)}\n${body}`;
      throw new Error(`seed ${seed}, request ${n}: ${error}\n${what}`, { cause: error });
    }
  }
  assert.deepEqual(universe.failures, []);
  return { requests: count, statuses, slowestMs };
}

async function makeZone(
  send: (request: HttpRequest) => Promise<HttpResponse>,
  reference: string,
): Promise<string> {
  const body = Buffer.from(
    `<CreateHostedZoneRequest xmlns="${namespace}"><Name>fuzz.test</Name><CallerReference>` +
      `${reference}</CallerReference></CreateHostedZoneRequest>`,
  );
  const headers = { authorization, host: '127.0.0.1' };
  const answer = await send({ method: 'POST', path: '/2013-04-01/hostedzone', headers, body });
  const id = /<Id>\/hostedzone\/(\w+)</.exec(Buffer.from(answer.body).toString())?.[1];
  assert.ok(id !== undefined, 'a right request is carried out whatever came before');
  return id;
}

function checkAnswer({ status, body }: HttpResponse): void {
  const text = Buffer.from(body).toString();
  assert.ok(statusesAllowed.includes(status), `${status} ${text.slice(0, 500)}`);
  assert.ok(!/root:|lollol/.test(text), 'nothing was expanded or fetched');
  if (status < 400) return;
  assert.match(text, /<Code>\w+<\/Code>/);
  assert.match(text, /<(RequestId|RequestID)>/);
}
