/**
 * Stacks, their resources, events and change sets as they are kept. Owns the records and their
 * keys in the store. Refuses to own when they change (`create-stack.ts` and its neighbours).
 *
 * R1  A stack's resources, events and template lie under its id; a name leads to the live stack.
 * R2  Everything is bounded: events per stack, deleted stacks that are remembered.
 */

import type { Store, WriteTransaction } from '../../../io/io.ts';
import { utf8Decode, utf8Encode } from '../../../stdx/bytes.ts';
import type { Properties, Value } from '../template/template.ts';

export type StackStatus =
  | 'REVIEW_IN_PROGRESS'
  | 'CREATE_IN_PROGRESS'
  | 'CREATE_COMPLETE'
  | 'CREATE_FAILED'
  | 'ROLLBACK_IN_PROGRESS'
  | 'ROLLBACK_COMPLETE'
  | 'ROLLBACK_FAILED'
  | 'UPDATE_IN_PROGRESS'
  | 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_COMPLETE'
  | 'UPDATE_FAILED'
  | 'UPDATE_ROLLBACK_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS'
  | 'UPDATE_ROLLBACK_COMPLETE'
  | 'UPDATE_ROLLBACK_FAILED'
  | 'DELETE_IN_PROGRESS'
  | 'DELETE_COMPLETE'
  | 'DELETE_FAILED';

export interface Output {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** What a template is applied with. Together with the template's text, what an update compares. */
export interface StackInput {
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly resolvedParameters: Readonly<Record<string, string | readonly string[]>>;
  readonly tags: readonly Tag[];
}

export interface StackRecord extends StackInput {
  readonly stackId: string;
  readonly stackName: string;
  readonly status: StackStatus;
  readonly statusReason?: string;
  readonly description?: string;
  readonly createdMs: number;
  readonly updatedMs?: number;
  readonly deletedMs?: number;
  readonly capabilities: readonly string[];
  readonly roleArn?: string;
  readonly onFailure: 'ROLLBACK' | 'DELETE' | 'DO_NOTHING';
  readonly outputs: readonly Output[];
  /** Names of other stacks' exports that this one uses. */
  readonly imports: readonly string[];
}

/** What a resource type hands back of what it made. */
export interface Handle {
  readonly physicalId: string;
  /** What `Ref` yields, where it is not the physical id. */
  readonly ref?: string;
  readonly attributes: Readonly<Record<string, Value>>;
}

/** A physical resource: the handle, and what it was made from. */
export interface PhysicalResource extends Handle {
  readonly type: string;
  readonly properties: Properties;
}

export type ResourceStatus =
  | `${'CREATE' | 'UPDATE' | 'DELETE'}_${'IN_PROGRESS' | 'COMPLETE' | 'FAILED'}`
  | 'DELETE_SKIPPED';

export interface ResourceRecord {
  readonly logicalId: string;
  readonly type: string;
  readonly status: ResourceStatus;
  readonly statusReason?: string;
  readonly updatedMs: number;
  /** Logical ids that must outlive this one. */
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: string;
  /** Absent until something was made. */
  readonly physical?: PhysicalResource;
  /** Replaced, and not yet deleted. */
  readonly superseded: readonly PhysicalResource[];
}

export interface EventRecord {
  readonly eventId: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly statusReason?: string;
  readonly timestampMs: number;
  readonly properties?: Properties;
}

const eventsPerStackMax = 1000;
const deletedStacksMax = 100;
const sequenceDigits = 9;
/** Longer than any name or ARN of a stack; keys in the store have a bound. */
const nameMax = 1024;

/** A list of resources of one stack, by logical id. */
export type ResourceMap = ReadonlyMap<string, ResourceRecord>;

export class Records {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  flushed(): Promise<void> {
    return this.#store.flushed();
  }

  /** By name: the live stack. By id: that stack, deleted ones included. */
  find(nameOrId: string): StackRecord | undefined {
    if (nameOrId.length > nameMax) return undefined;
    const stackId = nameOrId.startsWith('arn:')
      ? nameOrId
      : this.#store.get(utf8Encode(`name/${nameOrId}`));
    if (stackId === undefined) return undefined;
    return this.#read<StackRecord>(`stack/${stackId}`);
  }

  /** Every stack that is kept, in the order of names; deleted ones included. */
  all(): StackRecord[] {
    return this.#list<StackRecord>('stack/');
  }

  live(): StackRecord[] {
    return this.all().filter(({ status }) => status !== 'DELETE_COMPLETE');
  }

  put(stack: StackRecord): void {
    this.#store.transaction((transaction) => {
      write(transaction, `stack/${stack.stackId}`, stack);
      const name = utf8Encode(`name/${stack.stackName}`);
      if (stack.status !== 'DELETE_COMPLETE') transaction.put(name, stack.stackId);
      else if (transaction.get(name) === stack.stackId) transaction.delete(name);
    });
    if (stack.status === 'DELETE_COMPLETE') this.#forgetDeleted();
  }

  resources(stackId: string): Map<string, ResourceRecord> {
    const list = this.#list<ResourceRecord>(`resource/${stackId}/`);
    return new Map(list.map((resource) => [resource.logicalId, resource]));
  }

  putResource(stackId: string, resource: ResourceRecord): void {
    const key = `resource/${stackId}/${resource.logicalId}`;
    this.#store.transaction((transaction) => write(transaction, key, resource));
  }

  deleteResource(stackId: string, logicalId: string): void {
    const key = utf8Encode(`resource/${stackId}/${logicalId}`);
    this.#store.transaction((transaction) => transaction.delete(key));
  }

  /** Its time is later than that of the one before, since tools order events by time alone. */
  addEvent(stackId: string, event: EventRecord): void {
    const prefix = `event/${stackId}/`;
    const [newest] = this.#store.range({ ...below(prefix), reverse: true, limit: 1 });
    const before = newest === undefined ? undefined : (JSON.parse(newest.value) as EventRecord);
    const sequence = newest === undefined ? 1 : Number(keyEnd(newest.key, prefix)) + 1;
    const timestampMs = Math.max(event.timestampMs, (before?.timestampMs ?? 0) + 1);
    const key = (n: number): string => prefix + String(n).padStart(sequenceDigits, '0');
    this.#store.transaction((transaction) => {
      write(transaction, key(sequence), { ...event, timestampMs });
      if (sequence > eventsPerStackMax) {
        transaction.delete(utf8Encode(key(sequence - eventsPerStackMax)));
      }
    });
  }

  /** Newest first. */
  events(stackId: string): EventRecord[] {
    return this.#list<EventRecord>(`event/${stackId}/`).reverse();
  }

  /** The region's exports: name → value, exporting stack. Of stacks that are not being deleted. */
  exports(): Map<string, { readonly value: string; readonly stack: StackRecord }> {
    const found = new Map<string, { value: string; stack: StackRecord }>();
    for (const stack of this.live()) {
      for (const { exportName, value } of stack.outputs) {
        if (exportName !== undefined) found.set(exportName, { value, stack });
      }
    }
    return found;
  }

  /** Names of the stacks that import an export. */
  importers(exportName: string): string[] {
    return this.live()
      .filter(({ imports }) => imports.includes(exportName))
      .map(({ stackName }) => stackName);
  }

  getJson<T>(key: string): T | undefined {
    return this.#read<T>(key);
  }

  listJson<T>(prefix: string): T[] {
    return this.#list<T>(prefix);
  }

  putJson(key: string, value: unknown): void {
    this.#store.transaction((transaction) => write(transaction, key, value));
  }

  deleteKey(key: string): void {
    this.#store.transaction((transaction) => transaction.delete(utf8Encode(key)));
  }

  #forgetDeleted(): void {
    const deleted = this.all()
      .filter(({ status }) => status === 'DELETE_COMPLETE')
      .sort((a, b) => (b.deletedMs ?? 0) - (a.deletedMs ?? 0));
    for (const { stackId } of deleted.slice(deletedStacksMax)) {
      this.#store.transaction((transaction) => {
        transaction.delete(utf8Encode(`stack/${stackId}`));
        for (const prefix of [`event/${stackId}/`, `resource/${stackId}/`]) {
          for (const { key } of [...transaction.range(below(prefix))]) transaction.delete(key);
        }
      });
    }
  }

  #read<T>(key: string): T | undefined {
    const text = this.#store.get(utf8Encode(key));
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  #list<T>(prefix: string): T[] {
    const found: T[] = [];
    for (const { value } of this.#store.range(below(prefix))) found.push(JSON.parse(value) as T);
    return found;
  }
}

function write(transaction: WriteTransaction, key: string, value: unknown): void {
  transaction.put(utf8Encode(key), JSON.stringify(value));
}

/** The range of every key that starts so. Keys are ASCII. */
function below(prefix: string): { readonly start: Uint8Array; readonly end: Uint8Array } {
  return { start: utf8Encode(prefix), end: utf8Encode(`${prefix}\x7f`) };
}

function keyEnd(key: Uint8Array, prefix: string): string {
  return utf8Decode(key).slice(prefix.length);
}
