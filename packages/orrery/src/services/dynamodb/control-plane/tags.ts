/** TagResource, UntagResource, ListTagsOfResource: tags of tables. */
import type {
  ListTagsOfResourceInput,
  Tag,
  TagResourceInput,
  UntagResourceInput,
} from '@aws-sdk/client-dynamodb';
import { arnNotFound, validationError } from '../errors.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { tableNameOf } from '../table-names.ts';
import type { ControlPlane } from './control-plane.ts';

const tagsMax = 50;
const tagKeyMax = 128;
const tagValueMax = 256;

export function tagsOf(tags: readonly Tag[]): Record<string, string> {
  for (const { Key: key = '', Value: value = '' } of tags) {
    if (key.length === 0 || key.length > tagKeyMax) {
      throw validationError(`One or more parameter values were invalid: Invalid tag key: ${key}`);
    }
    if (value.length > tagValueMax) {
      throw validationError(
        `One or more parameter values were invalid: Invalid value of tag: ${key}`,
      );
    }
    if (!key.startsWith('aws:')) continue;
    throw validationError(
      'One or more parameter values were invalid: Tag keys must not start with aws:',
    );
  }
  const map = Object.fromEntries(tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
  if (Object.keys(map).length !== tags.length) {
    throw validationError('One or more parameter values were invalid: Tag keys must be unique');
  }
  return map;
}

export function checkTagCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length <= tagsMax) return;
  throw validationError(`The number of tags exceeds the limit of ${tagsMax} tags`);
}

export function tagResource(plane: ControlPlane, input: TagResourceInput): object {
  const table = tableOfArn(plane, input.ResourceArn);
  const tags = { ...table.tags, ...tagsOf(input.Tags ?? []) };
  checkTagCount(tags);
  plane.catalog.replace({ ...table, tags });
  return {};
}

export function untagResource(plane: ControlPlane, input: UntagResourceInput): object {
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

function tableOfArn(plane: ControlPlane, arn: string | undefined): StoredTable {
  if (arn === undefined || !arn.startsWith('arn:')) {
    throw validationError(`Invalid TableArn: Invalid ResourceArn provided as input ${arn ?? ''}`);
  }
  const table = plane.catalog.find(tableNameOf(arn, plane.region));
  if (table === undefined) throw arnNotFound(arn);
  return table;
}
