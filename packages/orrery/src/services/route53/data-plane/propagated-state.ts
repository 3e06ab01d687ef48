/**
 * What has reached the name servers: zones, record sets, health checks and their last status, in
 * memory as answers need them and on disk, so that answers go on without the control plane.
 *
 * Invariants:
 *  G1  A batch is committed to disk, then swapped into memory, each in one synchronous call: nobody
 *      ever sees a part of it.
 *  G2  After a restart the state is the one that was last committed, statuses included: a region
 *      that was known dead stays out until it is checked again.
 *  G3  Applying a batch twice is applying it once: a propagation that was cut off is repeated.
 */
import type { Store, WriteTransaction } from '../../../io/io.ts';
import { unreachable } from '../../../stdx/assert.ts';
import { typeNumber } from '../../../wire/dns/constants.ts';
import { parseName } from '../../../wire/dns/name.ts';
import { keyOf, partsOf, rangeOf } from '../keys.ts';
import type { CidrCollection, HealthCheck, RecordSet, Update, ZoneFacts } from '../record-set.ts';
import { CidrIndex } from './cidr-index.ts';
import { HealthDependents } from './health-dependents.ts';
import { ZoneTable } from './zone-table.ts';

export class PropagatedState {
  readonly zones = new ZoneTable();
  readonly dependents = new HealthDependents();
  private readonly cidrIndexes = new Map<string, CidrIndex>();
  private readonly store: Store;
  private readonly checks = new Map<string, HealthCheck>();
  private readonly listeners: ((updates: readonly Update[]) => void)[] = [];

  constructor(store: Store) {
    this.store = store;
    for (const { value } of store.range(rangeOf('zone'))) {
      this.zones.add(JSON.parse(value) as ZoneFacts);
    }
    for (const { key, value } of store.range(rangeOf('group'))) {
      const [, zoneId = '', name = '', type = ''] = partsOf(key);
      this.setGroup(zoneId, name, type, JSON.parse(value) as RecordSet[]);
    }
    for (const { value } of store.range(rangeOf('health-check'))) {
      const check = JSON.parse(value) as HealthCheck;
      this.checks.set(check.id, check);
    }
    for (const { value } of store.range(rangeOf('cidr'))) {
      const { id, locations } = JSON.parse(value) as CidrCollection;
      this.cidrIndexes.set(id, new CidrIndex(locations));
    }
  }

  /** The blocks of a CIDR collection. */
  cidr(id: string): CidrIndex | undefined {
    return this.cidrIndexes.get(id);
  }

  get healthChecks(): ReadonlyMap<string, HealthCheck> {
    return this.checks;
  }

  /** Calls the listener after every batch, with it. */
  onApply(listener: (updates: readonly Update[]) => void): void {
    this.listeners.push(listener);
  }

  /** Commits a batch to disk: what a restart would begin with. `show` must follow; see G1. */
  persist(updates: readonly Update[]): void {
    this.store.transaction((transaction) => {
      for (const update of updates) persist(transaction, update);
    });
  }

  /** Answers by a batch from now on. */
  show(updates: readonly Update[]): void {
    for (const update of updates) this.swap(update);
    for (const listener of this.listeners) listener(updates);
  }

  flushed(): Promise<void> {
    return this.store.flushed();
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** The status that a health check had last, undefined where it never changed. */
  lastStatus(id: string): boolean | undefined {
    const status = this.store.get(keyOf('status', id));
    return status === undefined ? undefined : status === 'healthy';
  }

  saveStatus(id: string, healthy: boolean): void {
    if (!this.checks.has(id)) return;
    this.store.transaction((transaction) => {
      transaction.put(keyOf('status', id), healthy ? 'healthy' : 'unhealthy');
    });
  }

  /** Whether a routing control is on; a new one is off, as AWS makes them. */
  routingControl(arn: string): boolean {
    return this.store.get(keyOf('routing-control', arn)) === 'on';
  }

  setRoutingControl(arn: string, on: boolean): void {
    this.store.transaction((transaction) => {
      transaction.put(keyOf('routing-control', arn), on ? 'on' : 'off');
    });
  }

  private swap(update: Update): void {
    switch (update.kind) {
      case 'zone':
        this.zones.add(update.zone);
        return;
      case 'zone-deleted':
        this.zones.remove(update.zoneId);
        return;
      case 'records':
        for (const { name, type, sets } of update.groups) {
          this.setGroup(update.zoneId, name, type, sets);
        }
        return;
      case 'health-check':
        this.checks.set(update.check.id, update.check);
        return;
      case 'health-check-deleted':
        this.checks.delete(update.id);
        return;
      case 'cidr':
        this.cidrIndexes.set(update.collection.id, new CidrIndex(update.collection.locations));
        return;
      case 'cidr-deleted':
        this.cidrIndexes.delete(update.id);
        return;
      default:
        unreachable(update);
    }
  }

  private setGroup(zoneId: string, name: string, type: string, sets: readonly RecordSet[]): void {
    const zone = this.zones.get(zoneId);
    const number = typeNumber(type);
    if (zone === undefined || number === undefined) return;
    zone.setSets(parseName(name, 8), number, sets);
    this.dependents.set({ zoneId, name, type }, sets);
  }
}

function persist(transaction: WriteTransaction, update: Update): void {
  switch (update.kind) {
    case 'zone':
      transaction.put(keyOf('zone', update.zone.id), JSON.stringify(update.zone));
      return;
    case 'zone-deleted':
      transaction.delete(keyOf('zone', update.zoneId));
      for (const { key } of [...transaction.range(rangeOf('group', update.zoneId))]) {
        transaction.delete(key);
      }
      return;
    case 'records':
      for (const { name, type, sets } of update.groups) {
        const key = keyOf('group', update.zoneId, name, type);
        if (sets.length === 0) transaction.delete(key);
        else transaction.put(key, JSON.stringify(sets));
      }
      return;
    case 'health-check':
      transaction.put(keyOf('health-check', update.check.id), JSON.stringify(update.check));
      return;
    case 'health-check-deleted':
      transaction.delete(keyOf('health-check', update.id));
      transaction.delete(keyOf('status', update.id));
      return;
    case 'cidr':
      transaction.put(keyOf('cidr', update.collection.id), JSON.stringify(update.collection));
      return;
    case 'cidr-deleted':
      transaction.delete(keyOf('cidr', update.id));
      return;
    default:
      unreachable(update);
  }
}
