/**
 * Owns: whether a function's resource policy lets a service invoke it.
 * Refuses to own: identity policies (IAM is not evaluated) and the policy's form.
 */
import type { PolicyStatement } from '../api.ts';
import type { FunctionRecord } from '../functions.ts';

const invokeAction = 'lambda:InvokeFunction';

/** One Allow that fits is enough; there are no Deny statements in what AddPermission can say. */
export function allows(
  record: FunctionRecord,
  principal: string,
  sourceArn: string,
  sourceAccount: string,
): boolean {
  return record.policy.some((statement) => {
    if (!principalFits(statement.Principal, principal)) return false;
    const { Action } = statement;
    if (Action !== invokeAction && Action !== 'lambda:*' && Action !== '*') return false;
    const account = statement.Condition?.['StringEquals']?.['AWS:SourceAccount'];
    if (account !== undefined && account !== sourceAccount) return false;
    const arn = statement.Condition?.['ArnLike']?.['AWS:SourceArn'];
    return arn === undefined || arnLike(arn, sourceArn);
  });
}

function principalFits(held: PolicyStatement['Principal'], principal: string): boolean {
  if (held === '*') return true;
  return 'Service' in held && held.Service === principal;
}

const compiled = new Map<string, RegExp>();
const compiledMax = 1000;

/** ArnLike: `*` stands for any run of characters, `?` for one. */
export function arnLike(pattern: string, arn: string): boolean {
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    if (compiled.size >= compiledMax) compiled.clear();
    // Runs of stars mean one: keeps the matching time within bounds.
    const escaped = pattern
      .replace(/\*+/g, '*')
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    expression = new RegExp(`^${escaped}$`, 's');
    compiled.set(pattern, expression);
  }
  return expression.test(arn);
}
