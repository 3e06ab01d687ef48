/**
 * Reads the transcripts of refused requests beside this file: an operation and its input on a line,
 * what the service answers on the next, two blanks before it.
 *
 * Names of members need no quotes. `"x*300"` is 300 times that text; `#` begins a remark.
 */
import { readFileSync } from 'node:fs';

export interface Refusal {
  readonly line: number;
  readonly operation: string;
  readonly input: object;
  /** `Code: message`, or `ok` where nothing is wrong with the request. */
  readonly answer: string;
}

export function refusalsIn(file: string): Refusal[] {
  const refusals: Refusal[] = [];
  const lines = readFileSync(new URL(file, import.meta.url), 'utf8').split('\n');
  lines.forEach((text, i) => {
    const request = /^(\w+) (\{.*\})$/.exec(text);
    if (request === null) return;
    const [, operation = '', input = ''] = request;
    const answer = lines[i + 1] ?? '';
    refusals.push({ line: i + 1, operation, input: parsed(input), answer: answer.slice(2) });
  });
  return refusals;
}

const token = /("(?:[^"\\]|\\.)*")|([A-Za-z_]\w*)(?=\s*:)/g;

function parsed(input: string): object {
  const json = input.replace(token, (_, text: string | undefined, name: string) => {
    if (text === undefined) return `"${name}"`;
    const repeated = /^"(.+)\*(\d+)"$/.exec(text);
    return repeated === null ? text : `"${(repeated[1] ?? '').repeat(Number(repeated[2]))}"`;
  });
  return JSON.parse(json) as object;
}
