/**
 * DescribeTimeToLive: says that it is off. Turning it on comes with the sweeps that it is for;
 * UpdateTimeToLive answers 501 until then.
 */
import type { DescribeTimeToLiveInput } from '@aws-sdk/client-dynamodb';
import { checkConstraints } from '../constraints.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';

export function describeTimeToLive(plane: ControlPlane, input: DescribeTimeToLiveInput): object {
  requireTableName(input.TableName);
  checkConstraints(input, [['TableName', ...tableNameConstraints]]);
  existingTable(plane, input.TableName);
  return { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } };
}
