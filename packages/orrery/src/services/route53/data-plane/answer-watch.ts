/**
 * What a change of health changes in the answers: which places are sent from where to where. Owns the
 * comparison and its events (`dns-answers`). Looks on, as `explain.ts` does: it decides nothing, and
 * answers do not wait for it.
 *
 * Invariants:
 *  1. `before` and `after` differ by the statuses that changed, and by nothing else.
 *  2. One name is compared in one turn, and at most `maxNames` after one change of statuses, so that
 *     queries are not kept waiting.
 */
import type { Io, Random } from '../../../io/io.ts';
import { typeNumber, types } from '../../../wire/dns/constants.ts';
import { nameText, parseName } from '../../../wire/dns/name.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import { regionOfIp } from '../../../world/addresses.ts';
import { type Place, places } from '../../../world/places.ts';
import { parseCidr } from './cidr-index.ts';
import type { RoutingFacts, Step } from './decide.ts';
import type { DependentGroup, HealthDependents } from './health-dependents.ts';
import { resolve } from './resolve.ts';
import type { Zone, ZoneTable } from './zone-table.ts';

const maxNames = 50;
/** What clients follow; a change of TXT records moves nobody. */
const watchedTypes: ReadonlySet<string> = new Set(['A', 'AAAA', 'CNAME']);

export interface AnswerWatchOptions {
  readonly io: Io;
  readonly zones: ZoneTable;
  readonly dependents: HealthDependents;
  readonly facts: RoutingFacts;
  readonly random: Random;
}

export class AnswerWatch {
  private readonly options: AnswerWatchOptions;
  /** Statuses as they were before what is about to be compared. */
  private before = new Map<string, boolean>();

  constructor(options: AnswerWatchOptions) {
    this.options = options;
  }

  /** A status has changed; the answers are compared as soon as whoever is at work is done. */
  changed(id: string, healthy: boolean): void {
    const isFirst = this.before.size === 0;
    if (!this.before.has(id)) this.before.set(id, !healthy);
    if (isFirst) this.options.io.timers.after(0, 'answer-watch', () => this.begin());
  }

  private begin(): void {
    const { dependents, facts, io } = this.options;
    const { before } = this;
    this.before = new Map();
    const after = new Map([...before.keys()].map((id) => [id, facts.health.isHealthy(id)]));
    const groups = dependents.of(before.keys()).filter(({ type }) => watchedTypes.has(type));
    const left = groups.length - maxNames;
    if (left > 0) io.probe.event('dns-answers-unwatched', { names: left });
    this.compareNext(groups.slice(0, maxNames), before, after);
  }

  private compareNext(groups: readonly DependentGroup[], before: Statuses, after: Statuses): void {
    const [group, ...rest] = groups;
    if (group === undefined) return;
    this.compare(group, before, after);
    if (rest.length === 0) return;
    this.options.io.timers.after(0, 'answer-watch', () => this.compareNext(rest, before, after));
  }

  private compare(group: DependentGroup, before: Statuses, after: Statuses): void {
    const zone = this.options.zones.get(group.zoneId);
    if (zone === undefined) return;
    const moves = new Map<string, { from: string; to: string; who: string[] }>();
    for (const place of places) {
      const from = this.label(zone, group, place, before);
      const to = this.label(zone, group, place, after);
      if (from === to) continue;
      const key = `${from}\n${to}`;
      const move = moves.get(key) ?? { from, to, who: [] };
      move.who.push(place.name);
      moves.set(key, move);
    }
    const name = group.name.replace(/\.$/, '');
    for (const { from, to, who } of moves.values()) {
      const data = { name, type: group.type, from, to, count: who.length, places: who.join(' ') };
      this.options.io.probe.event('dns-answers', data);
    }
  }

  /** What a place is answered, in a word: a region, a value, or what chance chooses from. */
  private label(zone: Zone, group: DependentGroup, place: Place, statuses: Statuses): string {
    const { facts, random } = this.options;
    const steps: Step[] = [];
    const name = parseName(group.name, 8);
    const isHealthy = (id: string): boolean => statuses.get(id) ?? facts.health.isHealthy(id);
    const { answers, chance } = resolve(zone, name, typeNumber(group.type) ?? 0, {
      ...facts,
      health: { isHealthy },
      random,
      place,
      prefix: () => parseCidr(place.subnet),
      steps,
    });
    if (chance) return `one of ${candidatesOf(steps)}`;
    const values = answers.map(({ type, data }) =>
      type === types.CNAME ? nameText(Buffer.from(data).toString('latin1')) : dataText(type, data),
    );
    const regions = values.map((value) => regionOfIp(value) ?? value);
    return [...new Set(regions)].join(' ') || 'no answer';
  }
}

type Statuses = ReadonlyMap<string, boolean>;

/** The record sets that chance chose from, at the innermost group. */
function candidatesOf(steps: readonly Step[]): string {
  const last = steps.at(-1);
  return (last?.candidates ?? [])
    .filter(({ unhealthy, applies }) => applies && (unhealthy === undefined || last?.lastResort))
    .map(({ record }) => record.set.SetIdentifier ?? '')
    .join(', ');
}
