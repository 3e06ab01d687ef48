/**
 * Reads a cloud assembly (`cdk.out`): which stacks, in which regions, after which others, with
 * which files. Owns the reading of `manifest.json` and of the asset manifests it names; nested
 * assemblies (CDK stages) are followed. Refuses to own running the app (`synthesize.ts`) and
 * uploading (`deploy.ts`).
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError } from './app-error.ts';

/** A file or directory that a stack's template refers to, and where in S3 it belongs. */
export interface Asset {
  /** Absolute. */
  readonly path: string;
  readonly packaging: 'file' | 'zip';
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
}

export interface AppStack {
  /** Unique in the app, for `dependsOn`: the id of its artifact. */
  readonly id: string;
  /** The CloudFormation stack's name. */
  readonly name: string;
  readonly region: string;
  readonly templateBody: string;
  /** Ids of the stacks that are deployed before this one. */
  readonly dependsOn: readonly string[];
  readonly assets: readonly Asset[];
  readonly tags: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly version?: string;
  readonly artifacts?: Readonly<Record<string, Artifact>>;
}

interface Artifact {
  readonly type: string;
  readonly environment?: string;
  readonly dependencies?: readonly string[];
  readonly properties?: ArtifactProperties;
}

interface ArtifactProperties {
  readonly templateFile?: string;
  readonly stackName?: string;
  readonly file?: string;
  readonly directoryName?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, FileEntry>>;
  readonly dockerImages?: Readonly<Record<string, unknown>>;
}

interface FileEntry {
  readonly source: { readonly path?: string; readonly packaging?: string };
  readonly destinations: Readonly<Record<string, Destination>>;
}

interface Destination {
  readonly bucketName: string;
  readonly objectKey: string;
  readonly region?: string;
}

export interface AssemblyOptions {
  readonly accountId: string;
  /** Region of stacks that name none. */
  readonly defaultRegion: string;
}

/** Stages nested deeper than this are taken for a loop. */
const depthMax = 8;

/** The stacks of an assembly, in the order of its manifest. Throws `AppError`. */
export async function readCloudAssembly(
  directory: string,
  options: AssemblyOptions,
  depth = 0,
): Promise<AppStack[]> {
  if (depth > depthMax) throw new AppError(`${directory}: stages are nested too deeply`);
  const manifest = await readJson<Manifest>(join(directory, 'manifest.json'));
  const artifacts = manifest.artifacts ?? {};
  const stacks: AppStack[] = [];
  for (const [id, artifact] of Object.entries(artifacts)) {
    if (artifact.type === 'aws:cloudformation:stack') {
      stacks.push(await readStack(directory, id, artifact, artifacts, options));
    } else if (artifact.type === 'cdk:cloud-assembly') {
      const below = resolve(directory, artifact.properties?.directoryName ?? id);
      stacks.push(...(await readCloudAssembly(below, options, depth + 1)));
    }
  }
  return stacks;
}

async function readStack(
  directory: string,
  id: string,
  artifact: Artifact,
  artifacts: Readonly<Record<string, Artifact>>,
  options: AssemblyOptions,
): Promise<AppStack> {
  const properties = artifact.properties ?? {};
  if (properties.templateFile === undefined) {
    throw new AppError(`${directory}: the stack ${id} names no template file`);
  }
  const region = regionOf(artifact.environment, options.defaultRegion);
  const dependencies = artifact.dependencies ?? [];
  const assets: Asset[] = [];
  for (const dependency of dependencies) {
    const file = artifacts[dependency]?.properties?.file;
    if (artifacts[dependency]?.type === 'cdk:asset-manifest' && file !== undefined) {
      const manifest = await readJson<AssetManifest>(join(directory, file));
      assets.push(
        ...assetsOf(
          manifest,
          { directory, region, templateFile: properties.templateFile },
          options,
        ),
      );
    }
  }
  return {
    id,
    name: properties.stackName ?? id,
    region,
    templateBody: await readText(join(directory, properties.templateFile)),
    dependsOn: dependencies.filter(
      (dependency) => artifacts[dependency]?.type === 'aws:cloudformation:stack',
    ),
    assets,
    tags: properties.tags ?? {},
  };
}

/** Files to upload; the template itself, which is listed too, goes to CloudFormation directly. */
function assetsOf(
  manifest: AssetManifest,
  stack: { readonly directory: string; readonly region: string; readonly templateFile: string },
  options: AssemblyOptions,
): Asset[] {
  const images = Object.keys(manifest.dockerImages ?? {});
  if (images.length > 0) {
    throw new AppError(
      `${stack.directory}: the app builds container images (${images.length}), which Orrery does ` +
        'not run. Functions from zip files or NodejsFunction work.',
    );
  }
  const assets: Asset[] = [];
  for (const [hash, { source, destinations }] of Object.entries(manifest.files ?? {})) {
    if (source.path === stack.templateFile) continue;
    if (source.path === undefined) {
      throw new AppError(`${stack.directory}: asset ${hash} is made by a command, not a file`);
    }
    for (const destination of Object.values(destinations)) {
      const region = destination.region ?? stack.region;
      const values: Readonly<Record<string, string>> = {
        'AWS::AccountId': options.accountId,
        'AWS::Region': region,
        'AWS::Partition': 'aws',
      };
      const fill = (text: string): string =>
        text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => values[name] ?? whole);
      assets.push({
        path: resolve(stack.directory, source.path),
        packaging: source.packaging === 'zip' ? 'zip' : 'file',
        region: fill(region),
        bucket: fill(destination.bucketName),
        key: fill(destination.objectKey),
      });
    }
  }
  return assets;
}

/** `aws://account/region`; an app that leaves the region open gets the default one. */
function regionOf(environment: string | undefined, defaultRegion: string): string {
  const region = /^aws:\/\/[^/]*\/(.+)$/.exec(environment ?? '')?.[1];
  return region === undefined || region === 'unknown-region' ? defaultRegion : region;
}

async function readJson<T>(path: string): Promise<T> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new AppError(`${path} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new AppError(`cannot read ${path}`);
  }
}
