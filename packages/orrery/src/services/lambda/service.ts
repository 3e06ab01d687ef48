/**
 * AWS Lambda of one region: the service on one screen.
 *
 *   endpoint ─ control-plane/* ─→ functions.ts (records) ─→ data-plane/pool.ts
 *            └ data-plane/invoke.ts ─→ pool ─→ environment ⇄ process (Runtime API)
 *   DynamoDB stream ─→ data-plane/event-sources/* ─┘
 *                                                 └→ log-sink ─→ logs-internal
 */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/lambda.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import { CodeStore } from './code.ts';
import * as concurrency from './control-plane/concurrency.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { createEventSourceMapping } from './control-plane/create-event-source-mapping.ts';
import { createFunction } from './control-plane/create-function.ts';
import { deleteFunction } from './control-plane/delete-function.ts';
import * as getMapping from './control-plane/get-event-source-mapping.ts';
import * as get from './control-plane/get-function.ts';
import * as permissions from './control-plane/permissions.ts';
import * as tags from './control-plane/tags.ts';
import { scheduleTransition } from './control-plane/transition.ts';
import * as changeMapping from './control-plane/update-event-source-mapping.ts';
import { updateFunctionCode } from './control-plane/update-function-code.ts';
import { updateFunctionConfiguration } from './control-plane/update-function-configuration.ts';
import { AsynchronousQueue } from './data-plane/asynchronous-queue.ts';
import { EventSources } from './data-plane/event-sources/event-sources.ts';
import { invoke, invokeForService } from './data-plane/invoke.ts';
import { LogSink } from './data-plane/log-sink.ts';
import { EnvironmentPool } from './data-plane/pool.ts';
import { MappingRegistry } from './event-source-mappings.ts';
import { FunctionRegistry } from './functions.ts';
import { type LambdaOptions, settingsOf } from './options.ts';

/** A zip file of 50 MB in base64, and the rest of CreateFunction around it. */
const createRequestBytesMax = 71_303_168;

/** Opens the store `lambda` of this process. Throws `StorageError`. */
export async function createLambdaService(io: Io, options: LambdaOptions): Promise<Service> {
  const settings = settingsOf(options);
  const registry = await FunctionRegistry.open(io);
  const code = new CodeStore(io, registry.store);
  const sink = new LogSink(io, settings.region);
  const pool = new EnvironmentPool(io, settings, registry, code, sink);
  const queue = new AsynchronousQueue(io, settings, registry, pool);
  const mappings = new MappingRegistry(registry.store);
  const eventSources = new EventSources(io, settings, registry, mappings, pool, sink);
  const control: ControlPlane = { io, settings, registry, mappings, code };
  const data = { io, settings, registry, pool, queue };
  return {
    name: 'lambda',
    model: asModel(model),
    bodyBytesMax: createRequestBytesMax,
    operations: {
      CreateFunction: createFunction(control),
      GetFunction: get.getFunction(control),
      GetFunctionConfiguration: get.getFunctionConfiguration(control),
      ListFunctions: get.listFunctions(control),
      UpdateFunctionCode: updateFunctionCode(control),
      UpdateFunctionConfiguration: updateFunctionConfiguration(control),
      DeleteFunction: deleteFunction(control),
      AddPermission: permissions.addPermission(control),
      RemovePermission: permissions.removePermission(control),
      GetPolicy: permissions.getPolicy(control),
      PutFunctionConcurrency: concurrency.putFunctionConcurrency(control),
      GetFunctionConcurrency: concurrency.getFunctionConcurrency(control),
      DeleteFunctionConcurrency: concurrency.deleteFunctionConcurrency(control),
      CreateEventSourceMapping: createEventSourceMapping(control),
      GetEventSourceMapping: getMapping.getEventSourceMapping(control),
      ListEventSourceMappings: getMapping.listEventSourceMappings(control),
      UpdateEventSourceMapping: changeMapping.updateEventSourceMapping(control),
      DeleteEventSourceMapping: changeMapping.deleteEventSourceMapping(control),
      ListTags: tags.listTags(control),
      TagResource: tags.tagResource(control),
      UntagResource: tags.untagResource(control),
      Invoke: invoke(data),
    },
    internal: { 'lambda-invoke': invokeForService(data) },
    async start() {
      for (const record of registry.list()) scheduleTransition(io, registry, record);
      queue.resume();
      eventSources.resume();
    },
    async stop() {
      queue.close();
      eventSources.close();
      pool.close();
      await sink.flush();
      await registry.flushed();
    },
  };
}
