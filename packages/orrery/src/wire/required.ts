/**
 * Owns: AWS's check that required members are there, with its text. Constraints on lengths, ranges
 * and patterns are not in the models; services check those that matter.
 */
import type { ServiceModel } from './model.ts';
import { memberOf, type StructureShape, shapeOf } from './models.ts';

type Check = (value: unknown, path: string, failures: string[]) => void;

/** More than this are not listed. */
const failuresMax = 50;

/** Finds absent members of one service's inputs. */
export class RequiredMembers {
  private readonly model: ServiceModel;
  private readonly checks = new Map<string, Check | undefined>();
  private readonly asking = new Map<string, boolean>();

  constructor(model: ServiceModel) {
    this.model = model;
  }

  /** AWS's message where a required member is absent anywhere in the input, else undefined. */
  problem(shapeName: string, value: unknown): string | undefined {
    const check = this.check(shapeName);
    if (check === undefined) return undefined;
    const failures: string[] = [];
    check(value, '', failures);
    if (failures.length === 0) return undefined;
    const errors = failures.length === 1 ? 'error' : 'errors';
    return `${failures.length} validation ${errors} detected: ${failures.join('; ')}`;
  }

  /** Undefined where nothing below that shape is required: then values are not walked. */
  private check(name: string): Check | undefined {
    if (this.checks.has(name)) return this.checks.get(name);
    const check = this.requires(name, new Set()) ? this.compile(name) : undefined;
    this.checks.set(name, check);
    return check;
  }

  private requires(name: string, seen: Set<string>): boolean {
    const known = this.asking.get(name);
    if (known !== undefined) return known;
    if (seen.has(name)) return false;
    seen.add(name);
    const shape = shapeOf(this.model, name);
    const children =
      shape.type === 'list'
        ? [shape.member]
        : shape.type === 'map'
          ? [shape.value]
          : shape.type === 'structure' || shape.type === 'union'
            ? Object.values(shape.members)
            : [];
    const own = (shape.type === 'structure' && (shape.required?.length ?? 0)) || 0;
    const answer =
      own > 0 || children.some((reference) => this.requires(memberOf(reference).shape, seen));
    if (answer) this.asking.set(name, true);
    return answer;
  }

  private compile(name: string): Check {
    const shape = shapeOf(this.model, name);
    switch (shape.type) {
      case 'structure':
      case 'union':
        return this.structure(shape);
      case 'list': {
        const member = memberOf(shape.member).shape;
        return (value, path, failures) => {
          const check = this.check(member);
          if (check === undefined || !Array.isArray(value)) return;
          for (let i = 0; i < value.length && failures.length < failuresMax; i += 1) {
            check(value[i], `${path}.${i + 1}.member`, failures);
          }
        };
      }
      case 'map': {
        const member = memberOf(shape.value).shape;
        return (value, path, failures) => {
          const check = this.check(member);
          if (check === undefined || typeof value !== 'object' || value === null) return;
          for (const [key, item] of Object.entries(value)) {
            if (failures.length >= failuresMax) return;
            check(item, `${path}.${key}.member`, failures);
          }
        };
      }
      default:
        return () => undefined;
    }
  }

  private structure(shape: StructureShape): Check {
    const required = shape.required ?? [];
    const members = Object.entries(shape.members);
    return (value, path, failures) => {
      if (typeof value !== 'object' || value === null) return;
      const object = value as Readonly<Record<string, unknown>>;
      for (const name of required) {
        if (object[name] !== undefined || failures.length >= failuresMax) continue;
        const at = join(path, name);
        failures.push(
          `Value null at '${at}' failed to satisfy constraint: Member must not be null`,
        );
      }
      for (const [name, reference] of members) {
        const item = object[name];
        if (item !== undefined) {
          this.check(memberOf(reference).shape)?.(item, join(path, name), failures);
        }
      }
    };
  }
}

/** AWS writes members with a small first letter: `changeBatch.changes.1.member.action`. */
function join(path: string, name: string): string {
  const last = name.charAt(0).toLowerCase() + name.slice(1);
  return path === '' ? last : `${path}.${last}`;
}
