/**
 * AWS CloudFormation of one region: the service on one screen.
 *
 *   endpoint ─ control-plane/* ─→ engine/* ─→ resource-types/* ─→ other services, by the network
 *                 └→ template/* (pure)  └→ records (store `cloudformation`)
 */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/cloudformation.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import { type Caller, createCaller } from './calls.ts';
import * as changeSets from './control-plane/change-sets.ts';
import { createStackOperation } from './control-plane/create-stack.ts';
import { deleteStackOperation } from './control-plane/delete-stack.ts';
import * as resources from './control-plane/describe-resources.ts';
import { describeStacksOperation, listStacksOperation } from './control-plane/describe-stacks.ts';
import * as templates from './control-plane/get-template.ts';
import { updateStackOperation } from './control-plane/update-stack.ts';
import { type Engine, Operations } from './engine/engine.ts';
import { Records } from './engine/records.ts';
import { recoverInterrupted } from './engine/recover.ts';
import { resourceTypes } from './resource-types/all.ts';
import type { ResourceType } from './resource-types/resource-type.ts';

export interface CloudFormationOptions {
  readonly region: string;
  readonly accountId?: string;
  /** How long a resource may take to become stable. */
  readonly stabilizeMs?: number;
  /** Replaced in tests. */
  readonly types?: ReadonlyMap<string, ResourceType>;
  readonly caller?: Caller;
}

/** Opens the store `cloudformation` of this process. Throws `StorageError`. */
export async function createCloudFormationService(
  io: Io,
  options: CloudFormationOptions,
): Promise<Service> {
  const store = await io.storage.open('cloudformation');
  const engine: Engine = {
    io,
    region: options.region,
    accountId: options.accountId ?? '000000000000',
    records: new Records(store),
    types: options.types ?? resourceTypes,
    caller: options.caller ?? createCaller(io, { deadlineMs: 30_000 }),
    operations: new Operations(io),
    stabilizeMs: options.stabilizeMs ?? 120_000,
  };
  return {
    name: 'cloudformation',
    model: asModel(model),
    operations: {
      CreateStack: createStackOperation(engine),
      UpdateStack: updateStackOperation(engine),
      DeleteStack: deleteStackOperation(engine),
      DescribeStacks: describeStacksOperation(engine),
      ListStacks: listStacksOperation(engine),
      DescribeStackEvents: resources.describeStackEventsOperation(engine),
      DescribeStackResource: resources.describeStackResourceOperation(engine),
      DescribeStackResources: resources.describeStackResourcesOperation(engine),
      ListStackResources: resources.listStackResourcesOperation(engine),
      GetTemplate: templates.getTemplateOperation(engine),
      ValidateTemplate: templates.validateTemplateOperation(engine),
      ListExports: templates.listExportsOperation(engine),
      ListImports: templates.listImportsOperation(engine),
      CreateChangeSet: changeSets.createChangeSetOperation(engine),
      DescribeChangeSet: changeSets.describeChangeSetOperation(engine),
      ExecuteChangeSet: changeSets.executeChangeSetOperation(engine),
      DeleteChangeSet: changeSets.deleteChangeSetOperation(engine),
      ListChangeSets: changeSets.listChangeSetsOperation(engine),
    },
    async start() {
      await recoverInterrupted(engine);
    },
    async stop() {
      await store.close();
    },
  };
}
