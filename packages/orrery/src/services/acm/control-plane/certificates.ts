/**
 * RequestCertificate, DescribeCertificate, ListCertificates, DeleteCertificate,
 * ListTagsForCertificate. A certificate is a record: issued at once, with nothing to validate.
 */
import type {
  DeleteCertificateRequest,
  DescribeCertificateRequest,
  ListCertificatesRequest,
  ListTagsForCertificateRequest,
  RequestCertificateRequest,
} from '@aws-sdk/client-acm';
import { utf8Encode } from '../../../stdx/bytes.ts';
import { sha256Hex } from '../../../stdx/digest.ts';
import { invalidDomain, resourceNotFound } from '../errors.ts';
import type { Acm } from '../service.ts';

interface CertificateRecord {
  readonly arn: string;
  readonly domainName: string;
  readonly alternativeNames: readonly string[];
  readonly validationMethod: string;
  readonly keyAlgorithm: string;
  readonly createdMs: number;
  readonly token?: string;
  readonly tags: readonly { readonly Key?: string; readonly Value?: string }[];
}

const hourMs = 3_600_000;
const validMs = 395 * 24 * hourMs;
const keyPrefix = 'certificate/';
const domainPattern =
  /^(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])$/;

export function requestCertificate(acm: Acm) {
  return async (input: RequestCertificateRequest): Promise<object> => {
    const domainName = (input.DomainName ?? '').toLowerCase();
    const alternativeNames = (input.SubjectAlternativeNames ?? []).map((one) => one.toLowerCase());
    for (const name of [domainName, ...alternativeNames]) {
      if (name.length > 253 || !domainPattern.test(name)) throw invalidDomain(name);
    }
    const nowMs = acm.io.clock.wallMs();
    const token = input.IdempotencyToken;
    const repeated = all(acm).find(
      (one) => token !== undefined && one.token === token && nowMs - one.createdMs < hourMs,
    );
    if (repeated !== undefined) return { CertificateArn: repeated.arn };
    const id = acm.io.random.uuid();
    const record: CertificateRecord = {
      arn: `arn:aws:acm:${acm.region}:${acm.accountId}:certificate/${id}`,
      domainName,
      alternativeNames: [...new Set([domainName, ...alternativeNames])],
      validationMethod: input.ValidationMethod ?? 'EMAIL',
      keyAlgorithm: input.KeyAlgorithm ?? 'RSA_2048',
      createdMs: nowMs,
      tags: (input.Tags ?? []) as CertificateRecord['tags'],
      ...(token === undefined ? {} : { token }),
    };
    acm.store.transaction((transaction) => {
      transaction.put(utf8Encode(keyPrefix + record.arn), JSON.stringify(record));
    });
    await acm.store.flushed();
    return { CertificateArn: record.arn };
  };
}

export function describeCertificate(acm: Acm) {
  return ({ CertificateArn = '' }: DescribeCertificateRequest): object => {
    const record = find(acm, CertificateArn);
    return {
      Certificate: {
        ...summaryOf(record),
        CertificateArn: record.arn,
        SubjectAlternativeNames: record.alternativeNames,
        Issuer: 'Amazon',
        Subject: `CN=${record.domainName}`,
        Serial: sha256Hex(record.arn).slice(0, 32),
        SignatureAlgorithm: 'SHA256WITHRSA',
        InUseBy: [],
        Options: { CertificateTransparencyLoggingPreference: 'ENABLED' },
        DomainValidationOptions: record.alternativeNames.map((name) => ({
          DomainName: name,
          ValidationDomain: name,
          ValidationStatus: 'SUCCESS',
          ValidationMethod: record.validationMethod,
          ...(record.validationMethod === 'DNS'
            ? { ResourceRecord: validationRecord(acm.accountId, name) }
            : {}),
        })),
      },
    };
  };
}

export function listCertificates(acm: Acm) {
  return ({ CertificateStatuses = [] }: ListCertificatesRequest): object => {
    const wanted = CertificateStatuses.length === 0 || CertificateStatuses.includes('ISSUED');
    const records = wanted ? all(acm) : [];
    return {
      CertificateSummaryList: records.map((record) => ({
        CertificateArn: record.arn,
        SubjectAlternativeNameSummaries: record.alternativeNames,
        HasAdditionalSubjectAlternativeNames: false,
        ...summaryOf(record),
      })),
    };
  };
}

export function deleteCertificate(acm: Acm) {
  return async ({ CertificateArn = '' }: DeleteCertificateRequest): Promise<undefined> => {
    const { arn } = find(acm, CertificateArn);
    acm.store.transaction((transaction) => transaction.delete(utf8Encode(keyPrefix + arn)));
    await acm.store.flushed();
    return undefined;
  };
}

export function listTags(acm: Acm) {
  return ({ CertificateArn = '' }: ListTagsForCertificateRequest): object => ({
    Tags: find(acm, CertificateArn).tags,
  });
}

/** As on AWS, the same for a name in every region of the account. */
function validationRecord(accountId: string, name: string): object {
  const domain = name.replace(/^\*\./, '');
  const digest = sha256Hex(`${accountId}/${domain}`);
  return {
    Name: `_${digest.slice(0, 32)}.${domain}.`,
    Type: 'CNAME',
    Value: `_${digest.slice(32)}.acm-validations.aws.`,
  };
}

function summaryOf(record: CertificateRecord): object {
  return {
    DomainName: record.domainName,
    Status: 'ISSUED',
    Type: 'AMAZON_ISSUED',
    KeyAlgorithm: record.keyAlgorithm,
    RenewalEligibility: 'INELIGIBLE',
    CreatedAt: record.createdMs,
    IssuedAt: record.createdMs,
    NotBefore: record.createdMs,
    NotAfter: record.createdMs + validMs,
  };
}

function all(acm: Acm): CertificateRecord[] {
  const range = { start: utf8Encode(keyPrefix), end: utf8Encode(`${keyPrefix}\x7f`) };
  return [...acm.store.range(range)].map(({ value }) => JSON.parse(value) as CertificateRecord);
}

function find(acm: Acm, arn: string): CertificateRecord {
  const known = arn.length < 256 ? arn : '';
  const text = acm.store.get(utf8Encode(keyPrefix + known));
  if (text === undefined) throw resourceNotFound(arn, acm.accountId);
  return JSON.parse(text) as CertificateRecord;
}
