/**
 * The story of a failover, made of events: what broke, who noticed, what DNS answered from then on, and
 * when clients were served again. Owns which events belong to it, how they are put together and in what
 * words. Pure: events in, incidents out. Refuses to own recording (`recorder.ts`) and printing (`cli/`).
 *
 * Invariants:
 *  1. Steps stand in the order of their first events; an event is part of one step.
 *  2. An incident begins with a fault or its end (several within `mergeMs` are one beginning), or with
 *     any event after a time of quiet.
 */
import type { ProbeData } from '../io/io.ts';
import { regionOfIp } from '../world/addresses.ts';
import type { TraceEvent } from './recorder.ts';

export type StepKind =
  | 'fault'
  | 'doubt'
  | 'votes'
  | 'status'
  | 'answers'
  | 'client-failed'
  | 'client-lookup'
  | 'client-answered';

export interface TimelineStep {
  /** Sequence number of its first event. */
  readonly id: number;
  readonly kind: StepKind;
  readonly atMs: number;
  /** Time of its last event, where it took several: votes, clients of one place. */
  readonly untilMs: number;
  /** Since the incident began. */
  readonly offsetMs: number;
  /** How many events are put together in it. */
  readonly count: number;
  /** The region it is about; else the health check's target, the name, the place. */
  readonly subject: string;
  readonly text: string;
  /** Data of its last event. */
  readonly data: ProbeData;
}

export interface Incident {
  /** Sequence number of its first event. */
  readonly id: number;
  readonly startedAtMs: number;
  readonly title: string;
  readonly summary: IncidentSummary;
  readonly steps: readonly TimelineStep[];
}

/** Times since the beginning; null where it did not happen. */
export interface IncidentSummary {
  /** The first health check that changed its status. */
  readonly noticedMs: number | null;
  /** The first place that DNS sent elsewhere. */
  readonly movedMs: number | null;
  /** Of each place the first client that was answered again, and how long it had not been. */
  readonly clients: readonly {
    readonly place: string;
    readonly region: string;
    readonly withoutMs: number;
  }[];
}

export interface Timeline {
  readonly timeScale: number;
  /** Oldest first. */
  readonly incidents: readonly Incident[];
}

interface Draft {
  readonly id: number;
  readonly kind: StepKind;
  readonly key: string;
  readonly atMs: number;
  untilMs: number;
  count: number;
  first: ProbeData;
  data: ProbeData;
}

const mergeMs = 3_000;
/** Checks of 30 s with a threshold of 10 take so long to notice anything. */
const quietMs = 300_000;
const leastQuietMs = 10_000;
const placesShown = 5;

const kinds: Readonly<Record<string, StepKind>> = {
  'fault-started': 'fault',
  'fault-stopped': 'fault',
  'health-check-doubt': 'doubt',
  'health-check-vote': 'votes',
  'health-check': 'status',
  'dns-answers': 'answers',
  'client-failed': 'client-failed',
  'client-lookup': 'client-lookup',
  'client-answered': 'client-answered',
};

/** Whether an event is one that a timeline is made of. */
export function isTimelineEvent(kind: string): boolean {
  return kind in kinds;
}

/** Puts events, oldest first, together to incidents. */
export function timelineOf(events: readonly TraceEvent[], timeScale: number): Timeline {
  const incidents: Draft[][] = [];
  const gapMs = Math.max(leastQuietMs, quietMs / timeScale);
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastFaultMs = Number.NEGATIVE_INFINITY;
  for (const event of events) {
    const kind = kinds[event.kind];
    if (kind === undefined) continue;
    const isNew =
      kind === 'fault' ? event.atMs - lastFaultMs > mergeMs : event.atMs - lastMs > gapMs;
    lastMs = event.atMs;
    if (kind === 'fault') lastFaultMs = event.atMs;
    const open = isNew ? undefined : incidents.at(-1);
    if (open === undefined) incidents.push([draftOf(event, kind)]);
    else add(open, event, kind);
  }
  return { timeScale, incidents: incidents.map(incidentOf) };
}

function add(steps: Draft[], event: TraceEvent, kind: StepKind): void {
  const draft = draftOf(event, kind);
  const last = steps.findLast((step) => step.key === draft.key || closes(step, kind, event.data));
  const joins = kind === 'votes' || kind.startsWith('client-');
  if (!joins || last === undefined || last.key !== draft.key) {
    steps.push(draft);
    return;
  }
  last.untilMs = event.atMs;
  last.count += 1;
  last.data = event.data;
}

/**
 * Whether a step ends the one that an event might have joined: votes after a change of status came too
 * late for it, and clients of a place may meet the same again after something else.
 */
function closes(step: Draft, kind: StepKind, data: ProbeData): boolean {
  if (kind === 'votes') return step.kind === 'status' && step.data['id'] === data['id'];
  if (!kind.startsWith('client-')) return false;
  return step.kind === kind && step.data['place'] === data['place'];
}

function draftOf({ sequence, atMs, kind: name, data }: TraceEvent, kind: StepKind): Draft {
  const parts: Readonly<Record<StepKind, readonly string[]>> = {
    fault: [],
    doubt: ['id', 'healthy'],
    votes: ['id', 'healthy'],
    status: ['id'],
    answers: ['name', 'type', 'from', 'to'],
    'client-failed': ['place', 'name', 'region'],
    'client-lookup': ['place', 'name', 'from', 'to', 'how'],
    'client-answered': ['place', 'name', 'region'],
  };
  const key = [name, ...parts[kind].map((part) => data[part])].join('\n');
  const withName = kind === 'fault' ? { ...data, event: name } : data;
  return {
    id: sequence,
    kind,
    key,
    atMs,
    untilMs: atMs,
    count: 1,
    first: withName,
    data: withName,
  };
}

function incidentOf(drafts: readonly Draft[]): Incident {
  const startedAtMs = drafts[0]?.atMs ?? 0;
  const withClients = new Set(
    drafts.filter(({ kind }) => kind.startsWith('client-')).map(({ data }) => text(data, 'place')),
  );
  const steps = drafts.map((draft) => stepOf(draft, startedAtMs, withClients));
  const faults = steps.filter(({ kind }) => kind === 'fault').map((step) => step.text);
  const title = faults.length === 0 ? (steps[0]?.text ?? '') : faults.join('; ');
  const summary = summaryOf(drafts, steps);
  return { id: drafts[0]?.id ?? 0, startedAtMs, title, summary, steps };
}

function summaryOf(drafts: readonly Draft[], steps: readonly TimelineStep[]): IncidentSummary {
  const first = (kind: StepKind): number | null =>
    steps.find((step) => step.kind === kind)?.offsetMs ?? null;
  const clients = drafts
    .filter(({ kind, first: data }) => kind === 'client-answered' && Number(data['failedMs']) > 0)
    .map(({ first: data }) => ({
      place: text(data, 'place'),
      region: text(data, 'region'),
      withoutMs: Number(data['failedMs']),
    }));
  return { noticedMs: first('status'), movedMs: first('answers'), clients };
}

function stepOf(draft: Draft, startedAtMs: number, withClients: Places): TimelineStep {
  const { id, kind, atMs, untilMs, count, data } = draft;
  const [subject, said] = words[kind](draft, withClients);
  const offsetMs = atMs - startedAtMs;
  return { id, kind, atMs, untilMs, offsetMs, count, subject, text: said, data };
}

type Places = ReadonlySet<string>;

type Words = (draft: Draft, withClients: Places) => readonly [subject: string, text: string];

const words: Readonly<Record<StepKind, Words>> = {
  fault: ({ data }) => {
    const what = [text(data, 'action'), text(data, 'targets')].filter((part) => part !== '');
    const isStart = data['event'] === 'fault-started';
    const isKilled = isStart && data['cause'] === 'process-killed';
    const how = isKilled ? ' (its process was killed from outside)' : '';
    const change = isStart ? 'started' : 'stopped';
    return [text(data, 'targets'), `${what.join(' ')} ${change}${how}`];
  },
  doubt: ({ data }) => {
    const subject = subjectOf(data);
    const found = data['healthy'] === true ? 'finds it healthy' : 'finds it failing';
    const why = data['healthy'] === true ? '' : `: ${shortStatus(text(data, 'status'))}`;
    return [subject, `${subject}: a first checker, in ${text(data, 'region')}, ${found}${why}`];
  },
  votes: ({ data, count }) => {
    const subject = subjectOf(data);
    const vote = data['healthy'] === true ? 'healthy' : 'unhealthy';
    const now = `${data['healthyVotes']} of ${data['votes']} say healthy now`;
    const turn = count === 1 ? 'checker turns' : 'checkers turn';
    return [subject, `${subject}: ${count} ${turn} to ${vote}; ${now}`];
  },
  status: ({ data }) => {
    const subject = subjectOf(data);
    const { healthyVotes, votes } = data;
    const status = data['healthy'] === true ? 'HEALTHY' : 'UNHEALTHY';
    const why = Number(votes) > 0 ? `, ${healthyVotes} of ${votes} checkers say healthy` : '';
    return [subject, `${subject}: health check ${status}${why}`];
  },
  answers: ({ data }, withClients) => {
    const [name = '', from, to] = ['name', 'from', 'to'].map((part) => text(data, part));
    const who = text(data, 'places').split(' ');
    const inOrder = [...who].sort(
      (a, b) => Number(withClients.has(b)) - Number(withClients.has(a)),
    );
    const rest = who.length > placesShown ? `, … (${who.length} places)` : '';
    const places = inOrder.slice(0, placesShown).join(', ') + rest;
    return [name, `DNS answers ${to} instead of ${from} for ${name} to ${places}`];
  },
  'client-failed': ({ first, count }) => {
    const where = text(first, 'region') === '' ? '' : ` at ${text(first, 'region')}`;
    const who = clients(first, count, 'fails', 'fail');
    return [text(first, 'place'), `${who}${where}: ${text(first, 'why')}`];
  },
  'client-lookup': ({ first, count }) => {
    const [name, from, to] = ['name', 'from', 'to'].map((part) => text(first, part));
    const instead = from === to ? '' : ` instead of ${from}`;
    const who = clients(first, count, 'looks', 'look');
    return [text(first, 'place'), `${who} ${name} up: ${to}${instead} (${text(first, 'how')})`];
  },
  'client-answered': ({ first, count }) => {
    const failedMs = Number(first['failedMs']);
    const without = failedMs > 0 ? `, after ${(failedMs / 1000).toFixed(1)} s without` : '';
    const who = clients(first, count, 'is', 'are');
    return [text(first, 'place'), `${who} answered by ${text(first, 'region')}${without}`];
  },
};

function clients(data: ProbeData, count: number, verb: string, verbOfMany: string): string {
  const place = text(data, 'place');
  return count === 1
    ? `${place}: the first client ${verb}`
    : `${place}: ${count} clients ${verbOfMany}`;
}

/** The region that a health check looks at, where its target tells. */
function subjectOf(data: ProbeData): string {
  const target = text(data, 'target');
  const host = /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]+)/.exec(target)?.[1] ?? target;
  const named = /\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com$/.exec(host)?.[1];
  return regionOfIp(host) ?? named ?? target;
}

/** The first sentence of a status, without its verdict. */
function shortStatus(status: string): string {
  return status.replace(/^(Failure|Success): /, '').split('. ')[0] ?? '';
}

function text(data: ProbeData, name: string): string {
  return String(data[name] ?? '');
}
