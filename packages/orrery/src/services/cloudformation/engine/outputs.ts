/**
 * A stack's outputs and exports. Owns their evaluation, and AWS's words where an export collides
 * with another stack's or is taken away from one that uses it.
 */
import { validationError } from '../errors.ts';
import { conditionHolds, evaluate, evaluateText, type Scope } from '../template/evaluate.ts';
import type { Output, Records, StackRecord } from './records.ts';

/** Throws ValidationError, or `NotYetKnown`. */
export function outputsOf(scope: Scope): Output[] {
  const outputs: Output[] = [];
  for (const [key, declaration] of Object.entries(scope.template.outputs)) {
    const { condition, description, exportName } = declaration;
    if (condition !== undefined && !conditionHolds(condition, scope)) continue;
    const value = evaluate(declaration.value, scope);
    if (typeof value === 'object') {
      throw validationError(
        `Template format error: The Value field of every Outputs member must evaluate to a String. (${key})`,
      );
    }
    outputs.push({
      key,
      value: String(value),
      ...(description === undefined ? {} : { description }),
      ...(exportName === undefined
        ? {}
        : { exportName: evaluateText(exportName, scope, 'Export Name') }),
    });
  }
  return outputs;
}

/** Throws where new outputs collide with the exports of another stack or break an import. */
export function checkExports(
  records: Records,
  stack: StackRecord,
  outputs: readonly Output[],
): void {
  const exports = records.exports();
  for (const { exportName } of outputs) {
    const other = exportName === undefined ? undefined : exports.get(exportName)?.stack;
    if (other !== undefined && other.stackId !== stack.stackId) {
      throw validationError(
        `Export with name ${exportName} is already exported by stack ${other.stackName}. ` +
          'Export names must be unique across the account per region.',
      );
    }
  }
  for (const { exportName, value } of stack.outputs) {
    if (exportName === undefined) continue;
    const now = outputs.find((output) => output.exportName === exportName);
    if (now?.value === value) continue;
    const users = records.importers(exportName).join(' and ');
    if (users === '') continue;
    throw validationError(
      now === undefined
        ? `Export ${exportName} cannot be deleted as it is in use by ${users}`
        : `Cannot update export ${exportName} as it is in use by ${users}`,
    );
  }
}
