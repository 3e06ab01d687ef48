/**
 * Owns: the life of a region's event source mappings: which are read, and the end of each transition
 * (Creating → Enabled, Disabling → Disabled …). Refuses to own: what their users want (control-plane/).
 *
 * A1  A mapping is read while it is Enabled, by one poller; the next one begins when the invocations
 *     of the one before are over, so that no two invocations hold records of one item.
 * A2  A transition survives a restart: a mapping that is found in one is taken on from there.
 * A3  A region that stops cuts invocations short: that fails no batch and uses up no retry.
 * A4  A mapping that is deleted is forgotten at once; what its function still has in hand ends unheard.
 */
import { ServiceError } from '../../../../endpoint/service.ts';
import type { Io } from '../../../../io/io.ts';
import type { MappingRecord, MappingRegistry, MappingState } from '../../event-source-mappings.ts';
import type { FunctionRegistry } from '../../functions.ts';
import type { LambdaSettings } from '../../options.ts';
import type { LogSink } from '../log-sink.ts';
import type { EnvironmentPool } from '../pool.ts';
import type { Answer } from './delivery.ts';
import { MappingPoller } from './mapping-poller.ts';

const lasting: ReadonlySet<MappingState> = new Set(['Enabled', 'Disabled']);

export class EventSources {
  readonly #io: Io;
  readonly #settings: LambdaSettings;
  readonly #functions: FunctionRegistry;
  readonly #mappings: MappingRegistry;
  readonly #pool: EnvironmentPool;
  readonly #sink: LogSink;
  readonly #pollers = new Map<string, MappingPoller>();
  #isRunning = false;

  constructor(
    io: Io,
    settings: LambdaSettings,
    functions: FunctionRegistry,
    mappings: MappingRegistry,
    pool: EnvironmentPool,
    sink: LogSink,
  ) {
    this.#io = io;
    this.#settings = settings;
    this.#functions = functions;
    this.#mappings = mappings;
    this.#pool = pool;
    this.#sink = sink;
    mappings.onChange((record, uuid) => this.#changed(record, uuid));
  }

  /** Takes up all mappings where an earlier process left them. */
  resume(): void {
    this.#isRunning = true;
    for (const record of this.#mappings.list()) this.#changed(record, record.uuid);
  }

  /** Reads no more. Invocations under way end with the environments. */
  close(): void {
    this.#isRunning = false;
    for (const poller of this.#pollers.values()) void poller.stop();
    this.#pollers.clear();
  }

  #changed(record: MappingRecord | undefined, uuid: string): void {
    if (!this.#isRunning) return;
    if (record?.state === 'Enabled') this.#start(record);
    else if (record !== undefined && !lasting.has(record.state)) void this.#settle(record);
    else void this.#stop(uuid);
  }

  #start(mapping: MappingRecord): void {
    if (this.#pollers.has(mapping.uuid)) return;
    const poller = new MappingPoller({
      io: this.#io,
      region: this.#settings.region,
      timeScale: this.#settings.timeScale,
      mapping,
      registry: this.#mappings,
      invoke: (name, payload) => this.#invoke(name, payload),
      discarded: (...notice) => this.#log(...notice),
    });
    this.#pollers.set(mapping.uuid, poller);
  }

  async #stop(uuid: string): Promise<void> {
    const poller = this.#pollers.get(uuid);
    this.#pollers.delete(uuid);
    await poller?.stop();
  }

  async #settle(record: MappingRecord): Promise<void> {
    const { uuid, state } = record;
    const stopped = this.#stop(uuid);
    if (state !== 'Deleting') await stopped;
    await this.#io.timers.sleep(this.#settings.transitionMs, 'lambda mapping transition');
    if (!this.#isRunning || this.#mappings.get(uuid) !== record) return;
    if (state === 'Deleting') this.#mappings.remove(uuid);
    else {
      const lastModifiedMs = this.#io.clock.wallMs();
      const end: MappingState = record.isEnabled ? 'Enabled' : 'Disabled';
      this.#mappings.put({ ...record, state: end, lastModifiedMs });
    }
  }

  async #invoke(functionName: string, payload: Uint8Array): Promise<Answer | string> {
    const record = this.#functions.get(functionName);
    if (record === undefined) return 'Function not found';
    if (record.state === 'Pending') return 'Function is not active yet';
    const ran = await this.#pool
      .invoke(record, {
        requestId: this.#io.random.uuid(),
        payload,
        clientContext: undefined,
        wantsTail: false,
      })
      .catch((error: unknown) => new ServiceError('ServiceException', String(error)));
    // It has ended with the environments, or nearly: whatever it says, the batch comes again.
    if (!this.#isRunning) return 'The region stops';
    if (!(ran instanceof ServiceError)) return ran.outcome;
    return ran.status === 429 ? 'Function call was throttled' : ran.message;
  }

  /** There are no destinations: what would be sent to one stands in the function's log. */
  #log({ uuid, functionName }: MappingRecord, notice: object): void {
    const group = this.#functions.get(functionName)?.logGroup ?? `/aws/lambda/${functionName}`;
    const nowMs = this.#io.clock.wallMs();
    const line = `[orrery] Records were discarded: ${JSON.stringify(notice)}\n`;
    this.#sink.append(group, `event-source-mapping/${uuid}`, nowMs, line);
  }
}
