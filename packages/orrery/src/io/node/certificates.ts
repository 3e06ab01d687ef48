/**
 * A local certificate authority, and certificates of any name signed by it. Owns the two files of the
 * authority and what is signed; refuses to own who trusts it. Imported at the first TLS tunnel: the
 * library takes 75 ms and 20 MB.
 *
 * Invariants:
 *  1. The authority's key is readable by this user alone.
 *  2. An authority that was made once is kept: clients were told to trust it.
 */
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
/** Browsers take no more than 398 days. */
const LEAF_DAYS = 390;
const HOSTS_MAX = 1_000;

type KeyPair = Awaited<ReturnType<typeof generateKeys>>;

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

export interface Certificates {
  /** PEM of the authority, for clients that shall trust it. */
  readonly authorityPem: string;
  /** What a server of that name or address shows. */
  contextFor(host: string): Promise<SecureContext>;
}

function generateKeys() {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

const serialNumber = (): string => `4f${randomBytes(15).toString('hex')}`;
const validity = (days: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - DAY_MS),
  notAfter: new Date(Date.now() + days * DAY_MS),
});

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** The authority on disk, or undefined where there is none that can be used for another while. */
async function readAuthority(path: string, keyPath: string): Promise<Authority | undefined> {
  try {
    const certificate = new x509.X509Certificate(readFileSync(path, 'utf8'));
    if (certificate.notAfter.getTime() < Date.now() + LEAF_DAYS * DAY_MS) return undefined;
    const der = createPrivateKey(readFileSync(keyPath)).export({ type: 'pkcs8', format: 'der' });
    const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);
    return { certificate, privateKey };
  } catch {
    return undefined;
  }
}

async function makeAuthority(path: string, keyPath: string): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Orrery local authority, O=Orrery',
    ...validity(AUTHORITY_DAYS),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeWhole(keyPath, await pemOf(keys.privateKey), 0o600);
  writeWhole(path, `${certificate.toString('pem')}\n`, 0o644);
  return { certificate, privateKey: keys.privateKey };
}

function writeWhole(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.draft`, text, { mode });
  renameSync(`${path}.draft`, path);
}

async function sign(host: string, keys: KeyPair, authority: Authority): Promise<string> {
  const { certificate, privateKey } = authority;
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [host.slice(0, 64)] }],
    issuer: certificate.subject,
    ...validity(LEAF_DAYS),
    publicKey: keys.publicKey,
    signingKey: privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: isIP(host) === 0 ? 'dns' : 'ip', value: host },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(certificate),
    ],
  });
  return leaf.toString('pem');
}

/** Opens the authority at `path` (`ca.pem`, its key beside it), or makes it. */
export async function openCertificates(path: string): Promise<Certificates> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keyPath = path.replace(/(\.pem)?$/, '-key.pem');
  const authority = (await readAuthority(path, keyPath)) ?? (await makeAuthority(path, keyPath));
  // One key for all names: making keys is the slow part, and all names are this one process.
  const keys = await generateKeys();
  const key = await pemOf(keys.privateKey);
  const contexts = new Map<string, Promise<SecureContext>>();
  return {
    authorityPem: authority.certificate.toString('pem'),
    contextFor: (host) => {
      let context = contexts.get(host);
      if (context === undefined) {
        context = sign(host, keys, authority).then((cert) => createSecureContext({ key, cert }));
        const oldest = contexts.keys().next().value;
        if (contexts.size >= HOSTS_MAX && oldest !== undefined) contexts.delete(oldest);
        contexts.set(host, context);
        context.catch(() => contexts.delete(host));
      }
      return context;
    },
  };
}
