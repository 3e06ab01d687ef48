/**
 * What `orrery start` holds for as long as it runs: the cloud, its app, and the admin interface,
 * which outlives a reset of the cloud. Owns the run file. Refuses to own the terminal.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAdmin } from '../admin/admin.ts';
import { type CloudControl, ControlError, type DeployedStack } from '../admin/api.ts';
import { FaultError } from '../faults/fault.ts';
import { listenHttp } from '../io/node/listen-http.ts';
import { accountId, defaultRegions } from '../regions/options.ts';
import { type RunFile, runFilePath } from './admin-client.ts';
import { AppError } from './app/app-error.ts';
import { appRegions } from './app/app-regions.ts';
import { deployApp, undeployApp } from './app/deploy.ts';
import { type LoadedApp, loadApp } from './app/load-app.ts';
import { type Cloud, openCloud } from './cloud.ts';
import { consolePage } from './console-page.ts';
import { edgeDir, prepareDataDir, regionDir } from './data-dir.ts';
import type { StartOptions } from './options.ts';

/** What happens on the way, for whoever shows it. */
export interface SessionEvents {
  /** A step ended; `ms` is how long it took. */
  step(name: string, ms: number): void;
  notice(message: string): void;
}

export interface Session {
  readonly app: LoadedApp | undefined;
  readonly control: CloudControl;
  close(): Promise<void>;
}

/**
 * Starts everything; resolves when the app is deployed. Rejects after cleaning up. When `interrupted`
 * comes first, it stops what it has started by then and resolves with undefined.
 */
export async function openSession(
  options: StartOptions,
  events: SessionEvents,
  interrupted: Promise<void>,
): Promise<Session | undefined> {
  const dataDir = prepareDataDir(options.dataDir);
  const session = new RunningSession(options, dataDir, events);
  try {
    const opening = session.open();
    // An app that is being deployed loses its cloud now, and complains to nobody.
    opening.catch(() => {});
    const isOpen = await Promise.race([opening.then(() => true), interrupted.then(() => false)]);
    if (isOpen) return session;
    await session.close();
    return undefined;
  } catch (error) {
    await session.close();
    throw error;
  }
}

class RunningSession implements Session {
  app: LoadedApp | undefined;
  readonly control: CloudControl;
  readonly #options: StartOptions;
  readonly #dataDir: string;
  readonly #events: SessionEvents;
  #cloud: Cloud | undefined;
  #opening: Promise<Cloud> | undefined;
  #isClosed = false;
  #regions: readonly string[];
  #ports: { endpoint: number; dns: number; proxy: number };
  #adminUrl = '';
  #closeAdmin: (() => Promise<void>) | undefined;

  constructor(options: StartOptions, dataDir: string, events: SessionEvents) {
    this.#options = options;
    this.#dataDir = dataDir;
    this.#events = events;
    this.#regions = options.regions ?? rememberedRegions(dataDir) ?? defaultRegions;
    const { dns, proxy } = options.ports;
    this.#ports = { endpoint: options.settings.port, dns, proxy };
    this.control = this.#createControl();
  }

  async open(): Promise<void> {
    await this.#listen();
    const { app } = this.#options;
    // The regions of last time start while the app is synthesized: they are nearly always right.
    // Both are waited for, whatever becomes of the other: a cloud that starts must be closed.
    const [loading, starting] = await Promise.allSettled([
      app === undefined ? undefined : this.#timed('synthesized the app', () => load(app)),
      this.#timed('started the regions', () => this.#openCloud()),
    ]);
    if (starting.status === 'rejected') throw starting.reason;
    if (loading.status === 'rejected') throw loading.reason;
    const loaded = loading.value;
    this.app = loaded;
    if (loaded !== undefined) {
      await this.#adoptRegionsOf(loaded);
      await this.#deploy(loaded);
    }
    if (this.#isClosed) return;
    rememberRegions(this.#dataDir, this.#regions);
    const run: RunFile = { pid: process.pid, admin: this.#adminUrl };
    writeFileSync(runFilePath(this.#dataDir), JSON.stringify(run));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    rmSync(runFilePath(this.#dataDir), { force: true });
    await this.#closeAdmin?.();
    // A cloud that is still starting cleans up by itself where it fails.
    await this.#opening?.catch(() => {});
    await this.#cloud?.close();
    this.#cloud = undefined;
  }

  async #listen(): Promise<void> {
    const admin = createAdmin({ cloud: this.control, page: consolePage });
    const listener = await listenHttp({
      what: 'the admin interface',
      host: '127.0.0.1',
      port: this.#options.ports.admin,
      portOption: '--admin-port',
      handler: (request) => admin(request),
    });
    this.#adminUrl = `http://127.0.0.1:${listener.port}`;
    this.#closeAdmin = () => listener.close();
  }

  async #openCloud(): Promise<void> {
    const { settings } = this.#options;
    const { endpoint, ...ports } = this.#ports;
    if (this.#isClosed) throw new ControlError('The cloud is being stopped.');
    this.#opening = openCloud({
      settings: { ...settings, port: endpoint, regions: this.#regions },
      dataDir: this.#dataDir,
      ports,
      onNotice: (message) => this.#events.notice(message),
    });
    this.#cloud = await this.#opening;
    this.#ports = this.#cloud.ports;
  }

  /** Starts again with other regions where the app wants others than the ones that run. */
  async #adoptRegionsOf(app: LoadedApp): Promise<void> {
    if (this.#options.regions !== undefined) return;
    const wanted = appRegions(app);
    if (
      wanted.length === this.#regions.length &&
      wanted.every((id) => this.#regions.includes(id))
    ) {
      return;
    }
    this.#regions = wanted;
    await this.#cloud?.close();
    await this.#timed('started the regions of the app', () => this.#openCloud());
  }

  async #deploy(app: LoadedApp): Promise<readonly DeployedStack[]> {
    const cloud = this.#running();
    return this.#timed('deployed the app', async () =>
      deployApp(cloud.io, await this.#stacksOfRunningRegions(app), {
        regions: this.#regions,
        report: (event) => {
          if (event.kind !== 'stack-done') return;
          const name = `${event.stack.name} in ${event.stack.region}: ${event.action}`;
          this.#events.step(`  ${name}`, event.ms);
        },
      }),
    );
  }

  /** A region that is down keeps the stacks that it has; the others are not kept waiting for it. */
  async #stacksOfRunningRegions(app: LoadedApp): Promise<LoadedApp['stacks']> {
    const { regions } = await this.#running().control.status();
    const down = new Set(regions.filter(({ state }) => state === 'down').map(({ id }) => id));
    const skipped = app.stacks.filter((stack) => down.has(stack.region));
    for (const { name, region } of skipped) {
      this.#events.notice(`${name} is not deployed: ${region} is down.`);
    }
    const ids = new Set(skipped.map((stack) => stack.id));
    return app.stacks
      .filter((stack) => !ids.has(stack.id))
      .map((stack) => ({ ...stack, dependsOn: stack.dependsOn.filter((id) => !ids.has(id)) }));
  }

  async #redeploy(path: string | undefined): Promise<readonly DeployedStack[]> {
    const wanted = path ?? this.app?.path;
    if (wanted === undefined) throw new ControlError('No app runs here. Name one: a path.');
    try {
      const app = await load(wanted);
      const stacks = await this.#deploy(app);
      this.app = app;
      return stacks;
    } catch (error) {
      throw error instanceof AppError ? new ControlError(error.message) : error;
    }
  }

  async #destroy(): Promise<readonly DeployedStack[]> {
    const { app } = this;
    if (app === undefined) throw new ControlError('No app runs here.');
    try {
      await undeployApp(this.#running().io, app.stacks);
    } catch (error) {
      throw error instanceof AppError ? new ControlError(error.message) : error;
    }
    this.app = undefined;
    return app.stacks.map(({ name, region }) => ({ name, region, action: 'delete', outputs: {} }));
  }

  async #reset(): Promise<void> {
    await this.#cloud?.close();
    this.#cloud = undefined;
    rmSync(edgeDir(this.#dataDir), { recursive: true, force: true });
    for (const region of this.#regions) {
      rmSync(regionDir(this.#dataDir, region), { recursive: true, force: true });
    }
    await this.#openCloud();
    if (this.app !== undefined) await this.#deploy(this.app);
    this.#events.notice('reset: all data deleted, the app deployed afresh');
  }

  async #timed<T>(name: string, run: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await run();
    this.#events.step(name, performance.now() - startedAt);
    return result;
  }

  #running(): Cloud {
    if (this.#cloud === undefined) throw new FaultError('The cloud is starting; ask again soon.');
    return this.#cloud;
  }

  #createControl(): CloudControl {
    const control = (): Cloud['control'] => this.#running().control;
    return {
      status: async () => ({
        ...(await control().status()),
        admin: this.#adminUrl,
        app: this.app?.path ?? null,
      }),
      startFault: async (spec) => control().startFault(spec),
      stopFault: async (which) => control().stopFault(which),
      conflicts: async (limit) => control().conflicts(limit),
      logs: async (query) => control().logs(query),
      events: (after, limit) => control().events(after, limit),
      lookups: (limit) => control().lookups(limit),
      timeline: () => control().timeline(),
      explain: async (question) => control().explain(question),
      world: async (question) => control().world(question),
      routingControls: async () => control().routingControls(),
      setRoutingControl: async (name, on) => control().setRoutingControl(name, on),
      deploy: (path) => this.#redeploy(path),
      destroy: () => this.#destroy(),
      reset: () => this.#reset(),
    };
  }
}

function load(path: string): Promise<LoadedApp> {
  return loadApp(path, { accountId, defaultRegion: defaultRegions[0] ?? '' });
}

const rememberedPath = (dataDir: string): string => join(dataDir, 'regions.json');

function rememberedRegions(dataDir: string): readonly string[] | undefined {
  try {
    return JSON.parse(readFileSync(rememberedPath(dataDir), 'utf8')) as readonly string[];
  } catch {
    return undefined;
  }
}

function rememberRegions(dataDir: string, regions: readonly string[]): void {
  writeFileSync(rememberedPath(dataDir), JSON.stringify(regions));
}
