/**
 * What the commands print with: colour (on a terminal only), tables, durations. Owns the look.
 */

const colours = { red: 31, green: 32, yellow: 33, blue: 34, cyan: 36, grey: 90, bold: 1 } as const;

export type Colour = keyof typeof colours;

/** Colours text where the stream is a terminal and NO_COLOR is not set. */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream): string {
  const wanted = stream.isTTY === true && process.env['NO_COLOR'] === undefined;
  return wanted ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
}

export const out = (colour: Colour, text: string): string => paint(colour, text, process.stdout);

/** Columns as wide as their widest cell; the header in bold. Colour codes take no width. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows];
  const width = (cell: string): number => stripColour(cell).length;
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => width(line[column] ?? ''))),
  );
  const render = (line: readonly string[]): string =>
    line
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd();
  return [out('bold', render(header)), ...rows.map(render)].join('\n');
}

function stripColour(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g'), '');
}

/** `850 ms`, `1.4 s`, `2 min 5 s`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.round((ms - minutes * 60_000) / 1000);
  return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`;
}

/** Reads `250ms`, `30s`, `5m`, `1h`; undefined where it is none of these. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text.trim());
  if (match === null) return undefined;
  const unit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h'];
  return Number(match[1]) * unit;
}

/** Time of day with milliseconds, local: `14:03:07.250`. */
export function formatTime(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (n: number): string => String(n).padStart(2, '0');
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}
