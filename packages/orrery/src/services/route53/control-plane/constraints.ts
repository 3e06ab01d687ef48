/** Bounds that AWS's models set for single members, in the words of its services. */
import { constraint } from '../errors.ts';

/** Throws where a text, or a list, is shorter or longer than its model says. */
export function checkLength(
  value: string | readonly unknown[] | undefined,
  min: number,
  max: number,
  path: string,
): void {
  if (value === undefined) return;
  const shown = typeof value === 'string' ? value : `[${value.join(', ')}]`;
  if (value.length < min) {
    throw constraint(shown, path, `Member must have length greater than or equal to ${min}`);
  }
  if (value.length > max) {
    throw constraint(shown, path, `Member must have length less than or equal to ${max}`);
  }
}

/** Throws where a value is no integer from `min` to `max`. */
export function checkRange(
  value: number | undefined,
  min: number,
  max: number,
  path: string,
): void {
  if (value === undefined) return;
  const number = Number(value);
  if (!Number.isInteger(number) || number < min) {
    throw constraint(value, path, `Member must have value greater than or equal to ${min}`);
  }
  if (number > max) {
    throw constraint(value, path, `Member must have value less than or equal to ${max}`);
  }
}

/** Of zones, of their changes and of batches. */
export const commentMax = 256;
