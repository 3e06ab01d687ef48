/** The name server as DNS tools see it: Node's resolver, kdig (Knot DNS) and drill (NLnet Labs). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { create, has, output, type RealService, startRealService } from './real-service.fake.ts';

let cloud: RealService;
/** Longer than a UDP answer may be. */
const long = Array.from({ length: 8 }, (_, i) => `"${String(i).repeat(250)}"`);

const near = (Region: 'ap-northeast-1' | 'eu-central-1', value: string) => ({
  Action: 'CREATE' as const,
  ResourceRecordSet: {
    ...create('near.tools.test', 'A', value).ResourceRecordSet,
    SetIdentifier: Region,
    Region,
  },
});

before(async () => {
  cloud = await startRealService();
  await cloud.zoneWith('tools.test', [
    create('tools.test', 'A', '192.0.2.1'),
    create('tools.test', 'MX', '10 mail.tools.test', '20 backup.tools.test'),
    create('tools.test', 'CAA', '0 issue "ca.example.net"', '128 iodef "mailto:a@tools.test"'),
    create('www.tools.test', 'CNAME', 'tools.test'),
    create('v6.tools.test', 'AAAA', '2001:db8::1'),
    create('txt.tools.test', 'TXT', '"one" "two"', '"say \\"hi\\""'),
    create('long.tools.test', 'TXT', ...long),
    create('_sip._tcp.tools.test', 'SRV', '1 2 5060 www.tools.test'),
    create('naptr.tools.test', 'NAPTR', '10 100 "S" "SIP+D2U" "!^.*$!sip:a@tools.test!" .'),
    create('ptr.tools.test', 'PTR', 'www.tools.test'),
    create('_443._tcp.tools.test', 'TLSA', `3 1 1 ${'ab'.repeat(32)}`),
    create('host.tools.test', 'SSHFP', `4 2 ${'cd'.repeat(32)}`),
    create('svc.tools.test', 'HTTPS', '1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1'),
    create('*.wild.tools.test', 'A', '192.0.2.7'),
    create('a.b.ent.tools.test', 'A', '192.0.2.8'),
    create('sub.tools.test', 'NS', 'ns.sub.tools.test', 'ns.example.net'),
    create('ns.sub.tools.test', 'A', '192.0.2.53'),
    create('sub.tools.test', 'DS', `12345 13 2 ${'ef'.repeat(32)}`),
    near('ap-northeast-1', '192.0.2.11'),
    near('eu-central-1', '192.0.2.12'),
  ]);
});

after(() => cloud.close());

test('Node resolves every type that it knows', async () => {
  const { resolver } = cloud;
  assert.deepEqual(await resolver.resolve4('tools.test', { ttl: true }), [
    { address: '192.0.2.1', ttl: 15 },
  ]);
  assert.deepEqual(await resolver.resolve4('www.tools.test'), ['192.0.2.1']);
  assert.deepEqual(await resolver.resolve4('any.wild.tools.test'), ['192.0.2.7']);
  assert.deepEqual(await resolver.resolve6('v6.tools.test'), ['2001:db8::1']);
  assert.deepEqual(await resolver.resolveCname('www.tools.test'), ['tools.test']);
  const mail = await resolver.resolveMx('tools.test');
  assert.deepEqual(mail.map(({ priority, exchange }) => `${priority} ${exchange}`).sort(), [
    '10 mail.tools.test',
    '20 backup.tools.test',
  ]);
  assert.deepEqual((await resolver.resolveTxt('txt.tools.test')).sort(), [
    ['one', 'two'],
    ['say "hi"'],
  ]);
  const [srv] = await resolver.resolveSrv('_sip._tcp.tools.test');
  assert.deepEqual(
    [srv?.priority, srv?.weight, srv?.port, srv?.name],
    [1, 2, 5060, 'www.tools.test'],
  );
  const [naptr] = await resolver.resolveNaptr('naptr.tools.test');
  assert.deepEqual(
    [naptr?.order, naptr?.preference, naptr?.flags, naptr?.service, naptr?.regexp],
    [10, 100, 'S', 'SIP+D2U', '!^.*$!sip:a@tools.test!'],
  );
  assert.deepEqual(await resolver.resolvePtr('ptr.tools.test'), ['www.tools.test']);
  const caa = await resolver.resolveCaa('tools.test');
  assert.deepEqual(caa.map(({ critical, issue, iodef }) => [critical, issue ?? iodef]).sort(), [
    [0, 'ca.example.net'],
    [128, 'mailto:a@tools.test'],
  ]);
  assert.equal((await resolver.resolveNs('tools.test')).length, 4);
  const soa = await resolver.resolveSoa('tools.test');
  assert.deepEqual([soa.refresh, soa.retry, soa.expire, soa.minttl], [7200, 900, 1209600, 86400]);
  const [tlsa] = await resolver.resolveTlsa('_443._tcp.tools.test');
  assert.equal(Buffer.from(tlsa?.data ?? new ArrayBuffer(0)).toString('hex'), 'ab'.repeat(32));
});

test('Node asks again over TCP where an answer is too long for UDP', async () => {
  const chunks = await cloud.resolver.resolveTxt('long.tools.test');
  assert.equal(chunks.flat().join('').length, 8 * 250);
});

test('Node tells no name, no data, and no zone of ours apart', async () => {
  const { resolver } = cloud;
  await assert.rejects(resolver.resolve4('no.tools.test'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolve6('tools.test'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('b.ent.tools.test'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('www.example.com'), { code: 'EREFUSED' });
});

test('kdig: types, client subnet, TCP, EDNS, refusals', async (context) => {
  if (!(await has('kdig', '--version'))) return context.skip('kdig is not on this machine');
  const kdig = (...args: string[]) =>
    output('kdig', ['@127.0.0.1', '-p', String(cloud.dnsPort), ...args]);
  const short = async (...args: string[]) => (await kdig('+short', ...args)).trim();
  assert.equal(await short('tools.test', 'A'), '192.0.2.1');
  assert.equal(await short('near.tools.test', 'A', '+subnet=133.11.0.0/16'), '192.0.2.11');
  assert.equal(await short('near.tools.test', 'A', '+subnet=91.10.0.0/16', '+tcp'), '192.0.2.12');
  assert.match(await kdig('near.tools.test', '+subnet=133.11.0.0/16'), /133\.11\.0\.0\/16\/24/);
  assert.equal(
    await short('svc.tools.test', 'HTTPS'),
    '1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1',
  );
  assert.match(await short('_443._tcp.tools.test', 'TLSA'), /^3 1 1 (ab|AB|\s)+$/i);
  assert.match(await short('host.tools.test', 'SSHFP'), /^4 2 [cd\s]+$/i);
  assert.match(await short('sub.tools.test', 'DS'), /^12345 13 2 [ef\s]+$/i);
  const delegated = await kdig('x.sub.tools.test', 'A');
  assert.match(delegated, /AUTHORITY SECTION[\s\S]*NS\s+ns\.sub\.tools\.test[\s\S]*192\.0\.2\.53/);
  assert.doesNotMatch(delegated, /Flags:.* aa/);
  assert.match(await kdig('no.tools.test'), /status: NXDOMAIN[\s\S]*SOA/);
  assert.match(await kdig('example.com'), /status: REFUSED/);
  assert.match(await kdig('tools.test', '+edns=1'), /BADVERS/);
  // An answer that UDP has no room for comes truncated, and whole over TCP.
  assert.match(await kdig('long.tools.test', 'TXT', '+ignore'), /Flags:.* tc/);
  assert.equal((await short('long.tools.test', 'TXT')).replaceAll(/[^0-7]/g, '').length, 2000);
});

test('drill: types, delegation, any, chaos, refusals', async (context) => {
  if (!(await has('drill', '-v'))) return context.skip('drill is not on this machine');
  const drill = (...args: string[]) => output('drill', ['-p', String(cloud.dnsPort), ...args]);
  assert.match(await drill('tools.test', '@127.0.0.1', 'A'), /rcode: NOERROR[\s\S]*192\.0\.2\.1/);
  assert.match(await drill('-t', 'www.tools.test', '@127.0.0.1', 'A'), /CNAME\s+tools\.test/);
  assert.match(await drill('tools.test', '@127.0.0.1', 'CAA'), /0 issue "ca\.example\.net"/);
  assert.match(await drill('tools.test', '@127.0.0.1', 'SOA'), /7200 900 1209600 86400/);
  assert.match(await drill('x.sub.tools.test', '@127.0.0.1', 'A'), /NS\s+ns\.sub\.tools\.test/);
  assert.match(await drill('tools.test', '@127.0.0.1', 'ANY'), /HINFO\s+"RFC8482"/);
  assert.match(await drill('no.tools.test', '@127.0.0.1', 'A'), /rcode: NXDOMAIN/);
  assert.match(await drill('version.bind', '@127.0.0.1', 'TXT', 'CH'), /rcode: REFUSED/);
  assert.match(await drill('example.com', '@127.0.0.1', 'A'), /rcode: REFUSED/);
});
