/**
 * Owns: what a function's answer says about its batch. Pure.
 *
 * B1  Without ReportBatchItemFailures only an error of the function counts.
 * B2  With it, everything before the earliest record that failed has been handled. An answer that
 *     names a record which is not in the batch, or none, or reads in another way, fails the batch.
 */

/** How many records, from the first, have been handled. */
export function handledCount(
  answer: { readonly payload: Uint8Array; readonly failed: boolean },
  sequences: readonly string[],
  reportsItemFailures: boolean,
): number {
  if (answer.failed) return 0;
  if (!reportsItemFailures) return sequences.length;
  const text = Buffer.from(answer.payload).toString();
  if (text === '') return sequences.length;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 0;
  }
  if (parsed === null || parsed === '') return sequences.length;
  if (typeof parsed !== 'object') return 0;
  const failures = (parsed as { batchItemFailures?: unknown }).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return 0;
  const places = new Map(sequences.map((sequence, at) => [sequence, at]));
  let earliest = sequences.length;
  for (const failure of failures as readonly unknown[]) {
    const at = places.get(identifierOf(failure) ?? '');
    if (at === undefined) return 0;
    earliest = Math.min(earliest, at);
  }
  return earliest;
}

function identifierOf(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  const { itemIdentifier } = failure as { itemIdentifier?: unknown };
  return typeof itemIdentifier === 'string' ? itemIdentifier : undefined;
}
