/** AWS::CertificateManager::Certificate, on the ACM API. Orrery's ACM issues at once. */
import type {
  DescribeCertificateCommandOutput,
  RequestCertificateCommandOutput,
} from '@aws-sdk/client-acm';
import { ResourceFailure } from '../engine/resource-failure.ts';
import { pick, requiredText } from './properties.ts';
import type { ResourceType } from './resource-type.ts';

export const certificate: ResourceType = {
  name: 'AWS::CertificateManager::Certificate',
  replaceOn: [
    'DomainName',
    'SubjectAlternativeNames',
    'ValidationMethod',
    'DomainValidationOptions',
    'CertificateAuthorityArn',
    'KeyAlgorithm',
  ],

  async create(properties, context) {
    const { CertificateArn = '' } = await context.call<RequestCertificateCommandOutput>(
      'acm',
      'RequestCertificate',
      {
        DomainName: requiredText(properties, 'DomainName'),
        ...pick(properties, [
          'SubjectAlternativeNames',
          'ValidationMethod',
          'KeyAlgorithm',
          'Tags',
        ]),
      },
    );
    const handle = { physicalId: CertificateArn, attributes: {} };
    context.made(handle);
    await context.until(`certificate ${CertificateArn} is issued`, async () => {
      const { Certificate } = await context.call<DescribeCertificateCommandOutput>(
        'acm',
        'DescribeCertificate',
        { CertificateArn },
      );
      if (Certificate?.Status === 'FAILED') {
        throw new ResourceFailure(Certificate.FailureReason ?? 'the certificate failed');
      }
      return Certificate?.Status === 'ISSUED';
    });
    return handle;
  },

  /** Tags only: every other property replaces. */
  async update(handle) {
    return await Promise.resolve(handle);
  },

  async delete(handle, _properties, context) {
    await context.call('acm', 'DeleteCertificate', { CertificateArn: handle.physicalId });
  },
};
