/**
 * What edge and region processes tell each other over Node's process channel: start-up, the state
 * of links, farewell. It is not part of the modelled network, so no fault touches it.
 */
import type { LinkCondition } from '../io/conditions.ts';
import type { CloudSettings } from '../regions/options.ts';

/** Passed to `region-process.ts` as its only argument, in JSON. */
export interface RegionProcessConfig {
  readonly region: string;
  readonly dataDir: string;
  /** Directory of the sockets that processes reach each other by. */
  readonly runDir: string;
  /** A `node_modules` with the AWS SDK for functions that do not bundle it. */
  readonly sdkModules?: string;
  readonly settings: CloudSettings;
  readonly links: readonly LinkCondition[];
}

export type ToRegion =
  | { readonly type: 'links'; readonly links: readonly LinkCondition[] }
  | { readonly type: 'stop' };

export type FromRegion =
  | { readonly type: 'ready'; readonly port: number }
  /** `unusable`: its data are damaged or cannot be read; the others can go on without it. */
  | { readonly type: 'failed'; readonly message: string; readonly unusable: boolean }
  | { readonly type: 'alarm'; readonly message: string };
