/** AWS Certificate Manager of one region: certificates as records, issued at once. */
import type { Service } from '../../endpoint/service.ts';
import type { Io, Store } from '../../io/io.ts';
import model from '../../wire/generated/acm.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import * as certificates from './control-plane/certificates.ts';

export interface AcmOptions {
  readonly region: string;
  readonly accountId?: string;
}

/** What every operation works with. */
export interface Acm {
  readonly io: Io;
  readonly store: Store;
  readonly region: string;
  readonly accountId: string;
}

/** Opens the store `acm` of this process. Throws `StorageError`. */
export async function createAcmService(io: Io, options: AcmOptions): Promise<Service> {
  const acm: Acm = {
    io,
    store: await io.storage.open('acm'),
    region: options.region,
    accountId: options.accountId ?? '000000000000',
  };
  return {
    name: 'acm',
    model: asModel(model),
    operations: {
      RequestCertificate: certificates.requestCertificate(acm),
      DescribeCertificate: certificates.describeCertificate(acm),
      ListCertificates: certificates.listCertificates(acm),
      DeleteCertificate: certificates.deleteCertificate(acm),
      ListTagsForCertificate: certificates.listTags(acm),
    },
    stop: () => acm.store.close(),
  };
}
