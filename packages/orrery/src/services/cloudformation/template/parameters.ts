/**
 * Values for a template's parameters: given, kept from before, or the default; checked; and turned
 * into what `Ref` yields. Owns AWS's words for what does not fit. SSM parameters are looked up by a
 * function that the caller gives.
 */
import { validationError } from '../errors.ts';
import { own, type ParameterDeclaration, type Template } from './template.ts';

export interface GivenParameter {
  readonly ParameterKey?: string;
  readonly ParameterValue?: string;
  readonly UsePreviousValue?: boolean;
}

export interface ResolvedParameters {
  /** As given: for an SSM type, the parameter's name. */
  readonly values: Readonly<Record<string, string>>;
  /** As `Ref` yields them. */
  readonly resolved: Readonly<Record<string, string | readonly string[]>>;
}

const ssmValue = /^AWS::SSM::Parameter::Value<(.+)>$/;
const listType = /^(List<.+>|CommaDelimitedList)$/;

/** Throws ValidationError. `readSsm` answers undefined for a name that does not exist. */
export async function resolveParameters(
  template: Template,
  given: readonly GivenParameter[],
  previous: Readonly<Record<string, string>>,
  readSsm: (name: string) => Promise<string | undefined>,
): Promise<ResolvedParameters> {
  const values = valuesOf(template, given, previous);
  const resolved: Record<string, string | readonly string[]> = {};
  const missing: string[] = [];
  for (const [name, declaration] of Object.entries(template.parameters)) {
    const value = values[name] ?? '';
    check(name, value, declaration);
    const stored = ssmValue.exec(declaration.type)?.[1];
    const text = stored === undefined ? value : await readSsm(value);
    if (text === undefined) missing.push(value);
    const isList = listType.test(stored ?? declaration.type);
    resolved[name] = isList ? (text ?? '').split(',').map((item) => item.trim()) : (text ?? '');
  }
  if (missing.length > 0) {
    throw validationError(
      `Unable to fetch parameters [${missing.join(',')}] from parameter store for this account.`,
    );
  }
  return { values, resolved };
}

function valuesOf(
  template: Template,
  given: readonly GivenParameter[],
  previous: Readonly<Record<string, string>>,
): Record<string, string> {
  const unknown = given
    .map(({ ParameterKey }) => ParameterKey ?? '')
    .filter((name) => own(template.parameters, name) === undefined);
  if (unknown.length > 0) {
    throw validationError(`Parameters: [${unknown.join(', ')}] do not exist in the template`);
  }
  const values: Record<string, string> = {};
  const absent: string[] = [];
  for (const [name, declaration] of Object.entries(template.parameters)) {
    const mine = given.find(({ ParameterKey }) => ParameterKey === name);
    const value =
      mine?.UsePreviousValue === true
        ? own(previous, name)
        : (mine?.ParameterValue ?? declaration.default);
    if (value === undefined) absent.push(name);
    else values[name] = value;
  }
  if (absent.length > 0) {
    throw validationError(`Parameters: [${absent.join(', ')}] must have values`);
  }
  return values;
}

function check(name: string, value: string, declaration: ParameterDeclaration): void {
  const { type, allowedValues, allowedPattern, constraintDescription } = declaration;
  if (type === 'Number' && (value === '' || Number.isNaN(Number(value)))) {
    throw validationError(`Parameter '${name}' must be a number.`);
  }
  if (allowedValues !== undefined && !allowedValues.includes(value)) {
    throw validationError(
      constraintDescription === undefined
        ? `Parameter '${name}' must be one of AllowedValues`
        : `Parameter '${name}' failed to satisfy constraint: ${constraintDescription}`,
    );
  }
  if (allowedPattern !== undefined && !matches(value, allowedPattern)) {
    throw validationError(
      `Parameter '${name}' must match pattern ${constraintDescription ?? allowedPattern}`,
    );
  }
}

/** A pattern that this language cannot compile, or a very long value, is let through. */
function matches(value: string, pattern: string): boolean {
  if (value.length > 4096) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(value);
  } catch {
    return true;
  }
}
