/**
 * Domain names as callers write them → as Route 53 keeps them: lower case, a final dot, escapes
 * in octal. Owns the words for names that are none.
 */
import { DnsFormatError } from '../../../wire/dns/constants.ts';
import { nameText, parseName } from '../../../wire/dns/name.ts';

/** The kept form, or the problem in AWS's words. */
export function normalizeName(given: string): { name: string } | { problem: string } {
  try {
    return { name: nameText(parseName(given.toLowerCase(), 8), 8) };
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error;
    return { problem: `FATAL problem: ${problemOf(given)} encountered with '${given}'` };
  }
}

function problemOf(given: string): string {
  const labels = given.replace(/\.$/, '').split('.');
  if (labels.includes('')) return 'DomainLabelEmpty (Domain label is empty)';
  if (labels.some((label) => label.length > 63)) {
    return 'DomainLabelTooLong (Domain label is too long)';
  }
  if (given.length > 255) return 'DomainNameTooLong (Domain name is too long)';
  return 'UnsupportedCharacter (Value contains unsupported characters)';
}

/** Whether a kept name is a zone's own or lies in it. */
export function isInZone(name: string, zoneName: string): boolean {
  return name === zoneName || name.endsWith(`.${zoneName}`) || zoneName === '.';
}
