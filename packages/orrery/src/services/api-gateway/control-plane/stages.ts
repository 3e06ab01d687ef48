/**
 * Stages and deployments: CreateStage, GetStage(s), UpdateStage, DeleteStage, CreateDeployment,
 * GetDeployment(s), DeleteDeployment.
 */
import type {
  CreateDeploymentRequest,
  CreateStageRequest,
  DeleteDeploymentRequest,
  DeleteStageRequest,
  Deployment,
  GetDeploymentsRequest,
  GetDeploymentsResponse,
  GetStagesRequest,
  GetStagesResponse,
  Stage,
  UpdateStageRequest,
} from '@aws-sdk/client-apigatewayv2';
import { badRequest, conflict, notFound } from '../errors.ts';
import type { ApiRecord, DeploymentRecord, StageRecord } from '../state.ts';
import {
  type ControlPlane,
  defined,
  deploymentOf,
  findApi,
  pageOf,
  replaced,
  withAutoDeploy,
} from './control-plane.ts';

const stagesMax = 10;
const namePattern = /^(\$default|[a-zA-Z0-9_-]{1,128})$/;
const variablePattern = /^[A-Za-z0-9_]{1,64}$/;
const valuePattern = /^[A-Za-z0-9-._~:/?#&=,]{1,512}$/;

export function createStage(plane: ControlPlane) {
  return async (input: CreateStageRequest): Promise<Stage> => {
    const api = findApi(plane, input.ApiId);
    const stageName = input.StageName ?? '';
    if (!namePattern.test(stageName)) {
      throw badRequest(
        'Stage name only allows a-zA-Z0-9, hyphen and underscore, or $default for HTTP APIs',
      );
    }
    if (api.stages.some((one) => one.stageName === stageName)) {
      throw conflict('Stage already exists');
    }
    if (api.stages.length >= stagesMax) throw badRequest('Maximum number of stages reached');
    const nowMs = plane.io.clock.wallMs();
    const stage: StageRecord = {
      stageName,
      autoDeploy: input.AutoDeploy ?? false,
      deploymentId: checkDeployment(api, input.DeploymentId),
      description: input.Description,
      stageVariables: checkVariables(input.StageVariables ?? {}),
      createdMs: nowMs,
      updatedMs: nowMs,
      tags: input.Tags ?? {},
      declared: declaredOf(input),
    };
    return saveStage(plane, { ...api, stages: [...api.stages, stage] }, stage);
  };
}

export function getStage(plane: ControlPlane) {
  return (input: DeleteStageRequest): Stage =>
    shown(find(findApi(plane, input.ApiId), input.StageName));
}

export function getStages(plane: ControlPlane) {
  return (input: GetStagesRequest): GetStagesResponse =>
    pageOf(findApi(plane, input.ApiId).stages.map(shown), input);
}

export function updateStage(plane: ControlPlane) {
  return async (input: UpdateStageRequest): Promise<Stage> => {
    const api = findApi(plane, input.ApiId);
    const before = find(api, input.StageName);
    if (input.DeploymentId !== undefined && before.autoDeploy && input.AutoDeploy !== false) {
      throw badRequest('Deployment ID cannot be set while AutoDeploy is enabled');
    }
    const stage: StageRecord = {
      ...before,
      ...defined({
        autoDeploy: input.AutoDeploy,
        deploymentId: checkDeployment(api, input.DeploymentId),
        description: input.Description,
      }),
      stageVariables:
        input.StageVariables === undefined
          ? before.stageVariables
          : checkVariables(input.StageVariables),
      updatedMs: plane.io.clock.wallMs(),
      declared: { ...before.declared, ...declaredOf(input) },
    };
    const isIt = (one: StageRecord): boolean => one.stageName === stage.stageName;
    return saveStage(plane, { ...api, stages: replaced(api.stages, isIt, stage) }, stage);
  };
}

export function deleteStage(plane: ControlPlane) {
  return async (input: DeleteStageRequest): Promise<Record<string, never>> => {
    const api = findApi(plane, input.ApiId);
    const { stageName } = find(api, input.StageName);
    const stages = api.stages.filter((one) => one.stageName !== stageName);
    await plane.state.putApi({ ...api, stages });
    return {};
  };
}

export function createDeployment(plane: ControlPlane) {
  return async (input: CreateDeploymentRequest): Promise<Deployment> => {
    const api = findApi(plane, input.ApiId);
    if (api.routes.length === 0) {
      throw badRequest('At least one route is required before deploying the API.');
    }
    const stage = input.StageName === undefined ? undefined : find(api, input.StageName);
    if (stage?.autoDeploy === true) {
      throw badRequest('Deployment cannot be created: the stage has AutoDeploy enabled');
    }
    const record = deploymentOf(plane, api, false, input.Description);
    const stages = api.stages.map((one) =>
      one === stage ? { ...one, deploymentId: record.deploymentId } : one,
    );
    await plane.state.putApi({ ...api, stages, deployments: [...api.deployments, record] });
    return shownDeployment(record);
  };
}

export function getDeployment(plane: ControlPlane) {
  return (input: DeleteDeploymentRequest): Deployment =>
    shownDeployment(findDeployment(findApi(plane, input.ApiId), input.DeploymentId));
}

export function getDeployments(plane: ControlPlane) {
  return (input: GetDeploymentsRequest): GetDeploymentsResponse =>
    pageOf(findApi(plane, input.ApiId).deployments.map(shownDeployment), input);
}

export function deleteDeployment(plane: ControlPlane) {
  return async (input: DeleteDeploymentRequest): Promise<Record<string, never>> => {
    const api = findApi(plane, input.ApiId);
    const { deploymentId } = findDeployment(api, input.DeploymentId);
    if (api.stages.some((stage) => stage.deploymentId === deploymentId)) {
      throw badRequest('Active stages pointing to this deployment must be moved or deleted');
    }
    const deployments = api.deployments.filter((one) => one.deploymentId !== deploymentId);
    await plane.state.putApi({ ...api, deployments });
    return {};
  };
}

async function saveStage(plane: ControlPlane, api: ApiRecord, stage: StageRecord): Promise<Stage> {
  const record = stage.autoDeploy ? withAutoDeploy(plane, api) : api;
  await plane.state.putApi(record);
  return shown(find(record, stage.stageName));
}

function find(api: ApiRecord, stageName: string | undefined): StageRecord {
  const stage = api.stages.find((one) => one.stageName === stageName);
  if (stage === undefined) throw notFound('stage', stageName ?? '');
  return stage;
}

function findDeployment(api: ApiRecord, deploymentId: string | undefined): DeploymentRecord {
  const record = api.deployments.find((one) => one.deploymentId === deploymentId);
  if (record === undefined) throw notFound('Deployment', deploymentId ?? '');
  return record;
}

function checkDeployment(api: ApiRecord, deploymentId: string | undefined): string | undefined {
  if (deploymentId !== undefined) findDeployment(api, deploymentId);
  return deploymentId;
}

function checkVariables(
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const entries = Object.entries(variables);
  if (entries.length > 100) throw badRequest('Maximum number of stage variables reached');
  for (const [name, value] of entries) {
    if (!variablePattern.test(name)) throw badRequest(`Stage variable name ${name} is invalid`);
    if (!valuePattern.test(value)) {
      throw badRequest(`Stage variable value for ${name} is invalid`);
    }
  }
  return variables;
}

const declaredMembers = ['AccessLogSettings', 'DefaultRouteSettings', 'RouteSettings'] as const;

function declaredOf(
  input: Partial<Pick<CreateStageRequest, (typeof declaredMembers)[number]>>,
): Record<string, unknown> {
  return Object.fromEntries(
    declaredMembers
      .filter((member) => input[member] !== undefined)
      .map((member) => [member, input[member]]),
  );
}

function shown(stage: StageRecord): Stage {
  return {
    StageName: stage.stageName,
    AutoDeploy: stage.autoDeploy,
    CreatedDate: stage.createdMs as unknown as Date,
    LastUpdatedDate: stage.updatedMs as unknown as Date,
    DefaultRouteSettings: { DetailedMetricsEnabled: false },
    RouteSettings: {},
    StageVariables: stage.stageVariables,
    Tags: stage.tags,
    ...defined({
      DeploymentId: stage.deploymentId,
      Description: stage.description,
      ApiGatewayManaged: stage.managed,
    }),
    ...stage.declared,
  };
}

function shownDeployment(record: DeploymentRecord): Deployment {
  return {
    DeploymentId: record.deploymentId,
    DeploymentStatus: 'DEPLOYED',
    AutoDeployed: record.auto,
    CreatedDate: record.createdMs as unknown as Date,
    ...defined({ Description: record.description }),
  };
}
