/** A timeline for a terminal: one line per step, with the time of day and since the beginning. */
import type { Incident, StepKind, TimelineStep } from '../trace/timeline.ts';
import { type Colour, formatTime, out } from './terminal.ts';

const colours: Readonly<Partial<Record<StepKind, Colour>>> = {
  fault: 'bold',
  status: 'yellow',
  answers: 'blue',
  'client-failed': 'red',
  'client-answered': 'green',
};

const seconds = (ms: number): string => `+${(ms / 1000).toFixed(1)} s`;

/** `14:03:07.250    +8.2 s  …`; a step that took time says until when. */
export function stepLine(step: TimelineStep): string {
  const { kind, text, atMs, untilMs, offsetMs } = step;
  const until = untilMs - atMs < 100 ? '' : ` (until ${seconds(offsetMs + untilMs - atMs)})`;
  const colour = colours[kind];
  const words = colour === undefined ? text : out(colour, text);
  return `  ${formatTime(atMs)} ${seconds(offsetMs).padStart(9)}  ${words}${until}`;
}

/** An incident with its title and what it comes to. */
export function incidentText({ title, summary, steps }: Incident): string {
  const { noticedMs, movedMs, clients } = summary;
  const without = clients.map(
    ({ place, withoutMs }) => `${place} ${(withoutMs / 1000).toFixed(1)} s`,
  );
  const facts = [
    ...(noticedMs === null ? [] : [`noticed ${seconds(noticedMs)}`]),
    ...(movedMs === null ? [] : [`DNS ${seconds(movedMs)}`]),
    ...(without.length === 0 ? [] : [`without an answer: ${without.join(', ')}`]),
  ];
  const lines = [out('bold', title), ...steps.map(stepLine)];
  return [...lines, ...(facts.length === 0 ? [] : [`  = ${facts.join('; ')}`])].join('\n');
}
