import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeCloud } from '../cloudformation/cloud.fake.ts';
import { createAcmService } from './service.ts';

const regions = ['us-east-1', 'eu-central-1'];

interface Described {
  readonly Certificate: {
    readonly Status: string;
    readonly SubjectAlternativeNames: string[];
    readonly DomainValidationOptions: { ResourceRecord: { Name: string } }[];
  };
}

describe('ACM', () => {
  it('issues at once, with the same validation record in every region', async () => {
    const { call } = await fakeCloud({
      regions,
      regionServices: async (io, region) => [await createAcmService(io, { region })],
      edgeServices: () => Promise.resolve([]),
    });
    const records: string[] = [];
    for (const region of regions) {
      const request = {
        DomainName: 'API.orders.test',
        ValidationMethod: 'DNS',
        IdempotencyToken: 't',
      };
      const acm = <T>(operation: string, input: Record<string, unknown>): Promise<T> =>
        call('acm', operation, input, region);
      const { CertificateArn } = await acm<{ CertificateArn: string }>(
        'RequestCertificate',
        request,
      );
      assert.match(CertificateArn, new RegExp(`^arn:aws:acm:${region}:000000000000:certificate/`));
      assert.deepEqual(await acm('RequestCertificate', request), { CertificateArn });
      const { Certificate } = await acm<Described>('DescribeCertificate', { CertificateArn });
      assert.equal(Certificate.Status, 'ISSUED');
      assert.deepEqual(Certificate.SubjectAlternativeNames, ['api.orders.test']);
      records.push(Certificate.DomainValidationOptions[0]?.ResourceRecord.Name ?? '');
      const listed = await acm<{ CertificateSummaryList: object[] }>('ListCertificates', {});
      assert.equal(listed.CertificateSummaryList.length, 1);
      await acm('DeleteCertificate', { CertificateArn });
      await assert.rejects(acm('DescribeCertificate', { CertificateArn }), {
        code: 'ResourceNotFoundException',
      });
      await assert.rejects(
        acm('RequestCertificate', { DomainName: 'no domain' }),
        /failed to satisfy constraint/,
      );
    }
    assert.equal(records[0], records[1]);
    assert.match(records[0] ?? '', /^_[0-9a-f]{32}\.api\.orders\.test\.$/);
  });
});
