/**
 * Owns: parsed updates and projections → bound ones: placeholders put in, overlapping paths found,
 * and the checks that need the placeholders' values.
 */
import { type AttributeValue, typeOf } from '../values/attribute-value.ts';
import type { Placeholders } from './placeholders.ts';
import { ExpressionProblem } from './problem.ts';
import {
  type Action,
  equalPaths,
  type ParsedAction,
  type ParsedPath,
  type ParsedSetValue,
  type Path,
  pathText,
  type SetValue,
} from './tree.ts';

const typeWords = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  SS: 'STRING_SET',
  NS: 'NUMBER_SET',
  BS: 'BINARY_SET',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
} as const;
const setTypes = new Set(['SS', 'NS', 'BS']);

/** Throws `ExpressionProblem`. */
export function bindUpdate(
  parsed: readonly ParsedAction[],
  given: Placeholders,
): readonly Action[] {
  // Names before values, paths before operands: the order in which problems are told.
  const paths = parsed.map(({ path }) => given.path(path));
  const actions: Action[] = [];
  let problem: ExpressionProblem | undefined;
  const remember = (found: ExpressionProblem): void => {
    problem ??= found;
  };
  parsed.forEach((action, index) => {
    const path = paths[index] as Path;
    if (action.kind === 'SET') {
      actions.push({ kind: 'SET', path, value: bindValue(action.value, given, remember) });
    } else if (action.kind === 'REMOVE') {
      actions.push({ kind: 'REMOVE', path });
    } else {
      const value = given.value(action.reference);
      checkOperand(action.kind, value, remember);
      actions.push({ kind: action.kind, path, value });
    }
  });
  checkOverlaps(paths);
  if (problem !== undefined) throw problem;
  return actions;
}

/** Throws `ExpressionProblem`. */
export function bindProjection(
  parsed: readonly ParsedPath[],
  given: Placeholders,
): readonly Path[] {
  const paths = parsed.map((path) => given.path(path));
  checkOverlaps(paths);
  return paths;
}

/** Stands where a remembered problem keeps the update from ever being applied. */
const refused: SetValue = { kind: 'value', value: { NULL: true } };

type Remember = (problem: ExpressionProblem) => void;

function bindValue(parsed: ParsedSetValue, given: Placeholders, remember: Remember): SetValue {
  switch (parsed.kind) {
    case 'path':
      return { kind: 'path', path: given.path(parsed.path) };
    case 'value':
      return { kind: 'value', value: given.value(parsed.reference) };
    case 'sum': {
      const args = [
        bindValue(parsed.args[0], given, remember),
        bindValue(parsed.args[1], given, remember),
      ] as const;
      for (const arg of args) checkType(parsed.operator, arg, 'N', remember);
      return { kind: 'sum', operator: parsed.operator, args };
    }
    case 'call':
      return bindCall(parsed.name, parsed.args, given, remember);
    case 'function':
      throw new ExpressionProblem(`Invalid function name; function: ${parsed.name}`);
  }
}

function bindCall(
  name: string,
  parsedArgs: readonly ParsedSetValue[],
  given: Placeholders,
  remember: Remember,
): SetValue {
  const args = parsedArgs.map((arg) => bindValue(arg, given, remember));
  const [first, second] = args;
  if (first === undefined || second === undefined || args.length !== 2) {
    remember(
      new ExpressionProblem(
        'Incorrect number of operands for operator or function; ' +
          `operator or function: ${name}, number of operands: ${args.length}`,
      ),
    );
    return refused;
  }
  if (name === 'list_append') {
    for (const arg of [first, second]) checkType(name, arg, 'L', remember);
    return { kind: 'list_append', args: [first, second] };
  }
  if (first.kind !== 'path') {
    const text = 'Operator or function requires a document path; operator or function: ';
    remember(new ExpressionProblem(text + name));
    return refused;
  }
  if (second.kind === 'path' && equalPaths(first.path, second.path)) {
    const text =
      'The first operand must be distinct from the remaining operands for this operator or ' +
      `function; operator: ${name}, first operand: ${pathText(first.path)}`;
    remember(new ExpressionProblem(text));
  }
  return { kind: 'if_not_exists', path: first.path, otherwise: second };
}

function checkType(operator: string, arg: SetValue, wanted: 'N' | 'L', remember: Remember): void {
  const type = knownType(arg);
  if (type === undefined || type === wanted) return;
  remember(
    new ExpressionProblem(
      'Incorrect operand type for operator or function; ' +
        `operator or function: ${operator}, operand type: ${type}`,
    ),
  );
}

/** Type of a value that no item can change. */
function knownType(value: SetValue): string | undefined {
  switch (value.kind) {
    case 'value':
      return typeOf(value.value);
    case 'sum':
      return 'N';
    case 'list_append':
      return 'L';
    default:
      return undefined;
  }
}

function checkOperand(operator: 'ADD' | 'DELETE', value: AttributeValue, remember: Remember): void {
  const type = typeOf(value);
  if (setTypes.has(type) || (operator === 'ADD' && type === 'N')) return;
  remember(
    new ExpressionProblem(
      'Incorrect operand type for operator or function; ' +
        `operator: ${operator}, operand type: ${typeWords[type]}, ` +
        `typeSet: ALLOWED_FOR_${operator}_OPERAND`,
    ),
  );
}

interface PathNode {
  readonly children: Map<string | number, PathNode>;
  /** A path that goes through here, to be named in errors. */
  readonly witness: Path;
  ends: boolean;
}

/**
 * Two paths overlap where one holds the other, conflict where one place is list and map.
 * Overlaps are told first.
 */
function checkOverlaps(paths: readonly Path[]): void {
  if (areDistinctNames(paths)) return;
  const root: PathNode = { children: new Map(), witness: [], ends: false };
  let conflict: ExpressionProblem | undefined;
  for (const path of paths) {
    let node = root;
    for (const step of path) {
      if (node.ends) throw clash('overlap', node.witness, path);
      const other = node.children.keys().next();
      if (!other.done && typeof other.value !== typeof step) {
        conflict ??= clash('conflict', node.children.get(other.value)?.witness ?? [], path);
      }
      let child = node.children.get(step);
      if (child === undefined) {
        child = { children: new Map(), witness: path, ends: false };
        node.children.set(step, child);
      }
      node = child;
    }
    if (node.ends || node.children.size > 0) throw clash('overlap', node.witness, path);
    node.ends = true;
  }
  if (conflict !== undefined) throw conflict;
}

/** Attributes of the item itself, each once: most updates. */
function areDistinctNames(paths: readonly Path[]): boolean {
  if (paths.some((path) => path.length > 1)) return false;
  return new Set(paths.map((path) => path[0])).size === paths.length;
}

function clash(kind: 'overlap' | 'conflict', one: Path, two: Path): ExpressionProblem {
  return new ExpressionProblem(
    `Two document paths ${kind} with each other; must remove or rewrite one of these paths; ` +
      `path one: ${pathText(one)}, path two: ${pathText(two)}`,
  );
}
