/**
 * Every error that the control plane of global tables returns. They reach the caller of UpdateTable
 * unchanged. Texts as AWS gives them (measured by a public project in October 2026), `a the` and
 * the typographic quotes included.
 */
import { ServiceError } from '../../endpoint/service.ts';

const validation = (message: string): ServiceError =>
  new ServiceError('ValidationException', message);

export const errors = {
  tableNotFound: (tableName: string) =>
    new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${tableName} not found`,
    ),
  alreadyExists: (tableName: string) =>
    validation(
      `Failed to create a the new replica of table with name: ‘${tableName}’ because one or more ` +
        'replicas already existed as tables.',
    ),
  notMember: (regions: readonly string[]) =>
    validation(
      'Update global table operation failed because one or more replicas were not part of the ' +
        `global table. Please retry the request without these replicas: [${regions.join(', ')}].`,
    ),
  localRegion: () =>
    validation(
      'Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, ' +
        'DeleteTable, or UpdateTable as required.',
    ),
  unknownRegion: (regionId: string, supported: readonly string[]) =>
    validation(
      `Region ${regionId} is not supported. The latest version of global tables are only ` +
        `supported in the following regions: [${supported.join(', ')}]`,
    ),
  /** AWS says this of an opt-in region that is off; here of a region that does not run. */
  regionNotRunning: (regionId: string) =>
    validation(
      `Failed to access the region: ‘${regionId}’. User is missing the permissions since the ` +
        'region is disabled.',
    ),
  noAction: () =>
    validation('There are no actions specified in the Replica Update Action of the request.'),
  mixedActions: () =>
    validation('Update table operation with more than one type of replica actions not allowed.'),
  severalActions: () =>
    validation(
      'Update table operation with more than one create or delete replica actions not allowed.',
    ),
  protected: () =>
    validation(
      'Resource cannot be deleted as it is currently protected against deletion. Disable deletion ' +
        'protection first.',
    ),
  inUse: () =>
    new ServiceError(
      'ResourceInUseException',
      'The resource which you are attempting to change is in use.',
    ),
};
