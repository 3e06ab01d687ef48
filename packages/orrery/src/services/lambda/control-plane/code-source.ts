/**
 * Owns: where code comes from in CreateFunction and UpdateFunctionCode: bytes in the request, or
 * an object of this region's S3.
 *
 * Exactly one source; what AWS has beside (container images, object versions) is refused.
 */
import { type CheckedCode, checkZip } from '../code.ts';
import { invalidParameter } from '../errors.ts';
import type { ControlPlane } from './control-plane.ts';

export interface CodeSource {
  readonly ZipFile?: Uint8Array | undefined;
  readonly S3Bucket?: string | undefined;
  readonly S3Key?: string | undefined;
  readonly ImageUri?: string | undefined;
}

const fetchDeadlineMs = 60_000;

/** Fetches (over the network, where it is S3's) and checks the code. Throws AWS's errors. */
export async function fetchCode(plane: ControlPlane, source: CodeSource): Promise<CheckedCode> {
  if (source.ImageUri !== undefined) {
    throw invalidParameter('Orrery runs zip packages only: PackageType Image is not built.');
  }
  if (source.ZipFile !== undefined) {
    if (source.S3Bucket !== undefined || source.S3Key !== undefined) {
      throw invalidParameter(
        'Please do not provide other FunctionCode parameters when providing a ZipFile.',
      );
    }
    return checkZip(source.ZipFile, false);
  }
  if (source.S3Bucket === undefined || source.S3Key === undefined) {
    throw invalidParameter('Please provide a source for function code.');
  }
  return checkZip(await fetchObject(plane, source.S3Bucket, source.S3Key), true);
}

async function fetchObject(plane: ControlPlane, bucket: string, key: string): Promise<Uint8Array> {
  const path = `/${encodeURIComponent(bucket)}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const response = await plane.io.network.request(
    { region: plane.settings.region, service: 's3' },
    { method: 'GET', path, headers: {}, body: new Uint8Array(0) },
    { deadlineMs: fetchDeadlineMs },
  );
  if (response.status === 200) return response.body;
  const text = Buffer.from(response.body).toString();
  const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? String(response.status);
  const message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? 'The object could not be read.';
  throw invalidParameter(
    `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`,
  );
}
