/**
 * The shape of a command and the errors that end one. Owns exit codes: 0 done, 1 failed, 2 used
 * wrongly, 3 no running cloud found.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Whole help text: usage, options, examples. */
  readonly help: string;
  /** Resolves with the exit code. */
  run(args: readonly string[]): Promise<number>;
}

/** Ends the command with a message for a person and no stack. */
export class CommandError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

export const usageError = (message: string): CommandError => new CommandError(message, 2);

type Options = NonNullable<ParseArgsConfig['options']>;

/** `parseArgs` of Node with our words and exit code on a mistake. */
export function readArguments<T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
): ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw usageError(`${reason}\nSee: orrery ${command} --help`);
  }
}

/** A whole number option within bounds, or its default. */
export function wholeNumber(
  name: string,
  text: string | undefined,
  fallback: number,
  [low, high]: readonly [number, number],
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < low || value > high) {
    throw usageError(`--${name} takes a whole number from ${low} to ${high}, not "${text}".`);
  }
  return value;
}
