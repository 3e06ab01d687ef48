/** DeleteTable. The items are removed afterwards, in pieces. */
import type { DeleteTableInput } from '@aws-sdk/client-dynamodb';
import { checkConstraints } from '../constraints.ts';
import { resourceInUse, validationError } from '../errors.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';
import { describe } from './table-description.ts';

export function deleteTable(plane: ControlPlane, input: DeleteTableInput): object {
  requireTableName(input.TableName);
  checkConstraints(input, [['TableName', ...tableNameConstraints]]);
  const table = existingTable(plane, input.TableName);
  if (table.deletionProtection) {
    throw validationError(
      'Resource cannot be deleted as it is currently protected against deletion. Disable ' +
        'deletion protection first.',
    );
  }
  if (plane.storage.backups.isCopying(table.id)) {
    throw resourceInUse(
      `Attempt to change a resource which is still in use: Table is being backed up: ${table.name}`,
    );
  }
  if (table.status === 'CREATING' || table.status === 'UPDATING') {
    const doing = table.status === 'CREATING' ? 'created' : 'updated';
    throw resourceInUse(
      'Attempt to change a resource which is still in use: Table is being ' +
        `${doing}: ${table.name}`,
    );
  }
  const deleting = { ...table, status: 'DELETING' as const };
  plane.catalog.replace(deleting);
  plane.lifecycle.settle(table.name);
  return { TableDescription: describe(deleting, plane.region, plane.storage.counts.of(table.id)) };
}
