/**
 * Probes against real endpoints that misbehave: they refuse, hang, drip, redirect, send headers
 * without end, show bad certificates. One probe each, over real sockets.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { deflateSync, gzipSync } from 'node:zlib';
import * as x509 from '@peculiar/x509';
import { openCertificates } from '../../../io/node/certificates.ts';
import { Endpoints } from './endpoints.fake.ts';
import type { ProbeResult } from './probe.ts';

let endpoints: Endpoints;

before(async () => {
  endpoints = await Endpoints.open();
});
after(() => endpoints.close());

const raw: Endpoints['raw'] = (onSocket) => endpoints.raw(onSocket);
const web: Endpoints['web'] = (listener) => endpoints.web(listener);
const ask: Endpoints['ask'] = (port, config) => endpoints.ask(port, config);

const good = (result: ProbeResult) => assert.equal(result.success, true, result.status);
const bad = (result: ProbeResult, said: RegExp) => {
  assert.equal(result.success, false, result.status);
  assert.match(result.status, said);
};

describe('an endpoint that', () => {
  test('refuses', async () => {
    const port = await endpoints.refusing();
    bad(await ask(port, {}), /^Failure: Connection refused/);
    bad(await ask(port, { Type: 'TCP' }), /^Failure: Connection refused/);
  });

  test('hangs: no HTTP, but TCP', async () => {
    const port = await raw(() => {});
    bad(await ask(port, {}), /^Failure: Connection timed out/);
    good(await ask(port, { Type: 'TCP' }));
  });

  test('answers late', async () => {
    const port = await web((_, response) => void setTimeout(() => response.end('ok'), 500));
    bad(await ask(port, {}), /^Failure: Connection timed out/);
  });

  test('drips its headers, one byte at a time', async () => {
    const port = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-');
      const timer = setInterval(() => socket.write('a'), 50);
      socket.on('close', () => clearInterval(timer));
    });
    bad(await ask(port, {}), /^Failure: Connection timed out/);
  });

  test('drips its body: the status is enough, a search is not', async () => {
    const closed: Promise<unknown>[] = [];
    const port = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write('1\r\na\r\n'), 50);
      // Not `once`: a reset that the last byte meets would reject it.
      closed.push(new Promise((done) => socket.on('close', done)));
      socket.on('close', () => clearInterval(timer));
    });
    good(await ask(port, {}));
    bad(await ask(port, { Type: 'HTTP_STR_MATCH', SearchString: 'b' }), /timed out/);
    await Promise.all(closed);
  });

  test('sends a body without end: the first 5,120 octets are searched', async () => {
    const port = await web((_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(5000)) && !response.destroyed);
        response.once('drain', more);
      };
      response.write('needle');
      more();
    });
    good(await ask(port, {}));
    good(await ask(port, { Type: 'HTTP_STR_MATCH', SearchString: 'needle' }));
    bad(await ask(port, { Type: 'HTTP_STR_MATCH', SearchString: 'nail' }), /did not appear/);
  });

  test('redirects: a pass, and it is not followed', async () => {
    let hits = 0;
    const port = await web((_, response) => {
      hits++;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    good(await ask(port, {}));
    assert.equal(hits, 1);
  });

  test('sends headers without end, or more than 16,384 octets of them', async () => {
    const port = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = (): void => {
        while (socket.writable && socket.write(`x-filler: ${'a'.repeat(200)}\r\n`));
        socket.once('drain', more);
      };
      more();
    });
    bad(await ask(port, {}), /^Failure/);
    const long = await web((_, response) => {
      response.setHeader('x-long', 'a'.repeat(16_400)).end();
    });
    bad(await ask(long, {}), /^Failure/);
    const fits = await web((_, response) => {
      response.setHeader('x-long', 'a'.repeat(15_000)).end();
    });
    good(await ask(fits, {}));
  });

  test('speaks no HTTP', async () => {
    const port = await raw((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    bad(await ask(port, {}), /^Failure: The response was malformed/);
    const silent = await raw((socket) => socket.end());
    bad(await ask(silent, {}), /^Failure: The connection was closed/);
  });

  for (const status of [199, 200, 204, 301, 399, 400, 404, 500, 503]) {
    test(`answers ${status}`, async () => {
      const text = `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`;
      const port = await raw((socket) => socket.end(text));
      const result = await ask(port, {});
      assert.equal(result.success, status >= 200 && status < 400, result.status);
    });
  }
});

describe('a search', () => {
  const served = async (body: Uint8Array, encoding?: string) => {
    const port = await web((_, response) => {
      if (encoding !== undefined) response.setHeader('content-encoding', encoding);
      response.end(body);
    });
    return (SearchString: string) => ask(port, { Type: 'HTTP_STR_MATCH', SearchString });
  };
  const at = (offset: number) => Buffer.from(`${'.'.repeat(offset)}needle${'.'.repeat(3000)}`);

  test('ends after 5,120 octets, and takes whole strings only', async () => {
    good(await (await served(at(5114)))('needle'));
    bad(await (await served(at(5115)))('needle'), /first 5120 bytes/);
    bad(await (await served(at(0)))('Needle'), /did not appear/);
  });

  test('looks into gzip and deflate', async () => {
    good(await (await served(gzipSync(at(5114)), 'gzip'))('needle'));
    bad(await (await served(gzipSync(at(5115)), 'gzip'))('needle'), /did not appear/);
    good(await (await served(deflateSync(at(5114)), 'deflate'))('needle'));
    bad(await (await served(gzipSync(Buffer.alloc(50_000_000)), 'gzip'))('needle'), /did not/);
    bad(await (await served(Buffer.from('broken'), 'gzip'))('needle'), /did not appear/);
  });
});

async function selfSigned(): Promise<{ key: string; cert: string }> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=other.test',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    cert: certificate.toString('pem'),
  };
}

describe('HTTPS', () => {
  test('certificates are not looked at, whoever they are for', async () => {
    const certificates = await openCertificates(join(endpoints.folder, 'ca.pem'));
    const secureContext = await certificates.contextFor('somebody-else.test');
    const names: unknown[] = [];
    const server = createTlsServer(
      {
        SNICallback: (name, done) => {
          names.push(name);
          done(null, secureContext);
        },
      },
      (socket) => socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    );
    const port = await endpoints.listen(server);
    const https = { Type: 'HTTPS', FullyQualifiedDomainName: 'api.test' } as const;
    good(await ask(port, { ...https, EnableSNI: true }));
    assert.deepEqual(names, ['api.test']);
    bad(await ask(port, { ...https, EnableSNI: false }), /TLS handshake failed/);
    assert.deepEqual(names, ['api.test'], 'no name is sent without SNI');
    bad(await ask(port, {}), /closed|malformed/);
  });

  test('a name that the endpoint rejects: a second handshake without it', async () => {
    let handshakes = 0;
    const server = createTlsServer(
      {
        ...(await selfSigned()),
        SNICallback: (_name, done) => {
          handshakes++;
          done(new Error('unknown name'));
        },
      },
      (socket) => socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    );
    const port = await endpoints.listen(server);
    good(await ask(port, { Type: 'HTTPS', FullyQualifiedDomainName: 'api.test' }));
    assert.equal(handshakes, 1);
  });

  test('plain HTTP where TLS is wanted', async () => {
    const port = await web((_, response) => response.end('ok'));
    bad(await ask(port, { Type: 'HTTPS' }), /TLS handshake failed/);
  });
});
