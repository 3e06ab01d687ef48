/** TagResource, UntagResource, ListTagsOfResource: tags of tables. */
import type {
  ListTagsOfResourceInput,
  Tag,
  TagResourceInput,
  UntagResourceInput,
} from '@aws-sdk/client-dynamodb';
import { throwProblems } from '../constraints.ts';
import { arnNotFound, invalidParameter, validationError } from '../errors.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { tableNameOf } from '../table-names.ts';
import type { ControlPlane } from './control-plane.ts';
import { each, tagRules } from './schema-checks.ts';

const tagsMax = 50;

/** Tags whose members have been checked one by one. */
export function tagsOf(tags: readonly Tag[]): Record<string, string> {
  if (tags.some(({ Key: key }) => key?.startsWith('aws:'))) {
    throw invalidParameter('Tag keys must not start with aws:');
  }
  const map = Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
  if (Object.keys(map).length !== tags.length) throw invalidParameter('Tag keys must be unique');
  return map;
}

export function checkTagCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length <= tagsMax) return;
  throw validationError(`The number of tags exceeds the limit of ${tagsMax} tags`);
}

export function tagResource(plane: ControlPlane, input: TagResourceInput): object {
  checkArn(input.ResourceArn);
  const problems: string[] = [];
  each(input.Tags, 'tags', tagRules, problems);
  throwProblems(problems);
  if ((input.Tags ?? []).length === 0) {
    throw validationError('Atleast one Tag needs to be provided as Input.');
  }
  const table = tableOfArn(plane, input.ResourceArn);
  const tags = { ...table.tags, ...tagsOf(input.Tags ?? []) };
  checkTagCount(tags);
  plane.catalog.replace({ ...table, tags });
  return {};
}

export function untagResource(plane: ControlPlane, input: UntagResourceInput): object {
  checkArn(input.ResourceArn);
  if ((input.TagKeys ?? []).length === 0) {
    throw validationError('Atleast one Tag Key needs to be provided as Input.');
  }
  const table = tableOfArn(plane, input.ResourceArn);
  const gone = new Set(input.TagKeys ?? []);
  const kept = Object.entries(table.tags).filter(([key]) => !gone.has(key));
  plane.catalog.replace({ ...table, tags: Object.fromEntries(kept) });
  return {};
}

/** All in one page: a table has at most 50. */
export function listTagsOfResource(plane: ControlPlane, input: ListTagsOfResourceInput): object {
  const table = tableOfArn(plane, input.ResourceArn);
  return { Tags: Object.entries(table.tags).map(([Key, Value]) => ({ Key, Value })) };
}

function checkArn(arn: string | undefined): asserts arn is string {
  if (arn?.startsWith('arn:') === true) return;
  const what = arn === undefined ? '' : `: Invalid ResourceArn provided as input ${arn}`;
  throw validationError(`Invalid TableArn${what}`);
}

function tableOfArn(plane: ControlPlane, arn: string | undefined): StoredTable {
  checkArn(arn);
  const table = plane.catalog.find(tableNameOf(arn, plane.region));
  if (table === undefined) throw arnNotFound(arn);
  return table;
}
