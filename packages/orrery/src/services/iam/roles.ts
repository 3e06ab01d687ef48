/** Roles as they are kept, with their policies. Owns the records; nothing is enforced by them. */
import type { Store } from '../../io/io.ts';
import { utf8Encode } from '../../stdx/bytes.ts';
import { noSuchRole } from './errors.ts';

export interface RoleRecord {
  readonly name: string;
  readonly id: string;
  readonly arn: string;
  readonly path: string;
  readonly createdMs: number;
  readonly trustPolicy: string;
  readonly description?: string;
  readonly maxSessionDurationSeconds: number;
  readonly tags: readonly { readonly Key?: string; readonly Value?: string }[];
  /** Inline policies: name → document. */
  readonly policies: Readonly<Record<string, string>>;
  /** ARNs of managed policies. */
  readonly attached: readonly string[];
}

const keyPrefix = 'role/';
const nameMax = 64;

export class Roles {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  find(name: string): RoleRecord | undefined {
    if (name.length > nameMax) return undefined;
    const text = this.#store.get(keyOf(name));
    return text === undefined ? undefined : (JSON.parse(text) as RoleRecord);
  }

  /** Throws NoSuchEntity. */
  get(name: string): RoleRecord {
    const found = this.find(name);
    if (found === undefined) throw noSuchRole(name);
    return found;
  }

  all(): RoleRecord[] {
    const range = { start: utf8Encode(keyPrefix), end: utf8Encode(`${keyPrefix}\x7f`) };
    return [...this.#store.range(range)].map(({ value }) => JSON.parse(value) as RoleRecord);
  }

  /** Acknowledge the write by awaiting. */
  async put(role: RoleRecord): Promise<void> {
    this.#store.transaction((transaction) => {
      transaction.put(keyOf(role.name), JSON.stringify(role));
    });
    await this.#store.flushed();
  }

  async delete(name: string): Promise<void> {
    this.#store.transaction((transaction) => transaction.delete(keyOf(name)));
    await this.#store.flushed();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Role names differ by more than case. */
function keyOf(name: string): Uint8Array {
  return utf8Encode(keyPrefix + name.toLowerCase());
}
