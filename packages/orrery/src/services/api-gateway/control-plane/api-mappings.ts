/**
 * CreateApiMapping, GetApiMapping(s), UpdateApiMapping and DeleteApiMapping.
 */
import type {
  ApiMapping,
  CreateApiMappingRequest,
  DeleteApiMappingRequest,
  GetApiMappingsRequest,
  GetApiMappingsResponse,
  UpdateApiMappingRequest,
} from '@aws-sdk/client-apigatewayv2';
import { badRequest, conflict, notFound } from '../errors.ts';
import type { DomainRecord, MappingRecord } from '../state.ts';
import {
  type ControlPlane,
  defined,
  findApi,
  findDomain,
  newId,
  pageOf,
  replaced,
} from './control-plane.ts';

const mappingsMax = 200;
const keyPattern = /^[A-Za-z0-9$\-_.+!*'()/]{0,300}$/;

export function createApiMapping(plane: ControlPlane) {
  return async (input: CreateApiMappingRequest): Promise<ApiMapping> => {
    const domain = findDomain(plane, input.DomainName);
    if (domain.mappings.length >= mappingsMax) {
      throw badRequest('Maximum number of API mappings reached for this domain name');
    }
    const taken = (id: string): boolean => domain.mappings.some((one) => one.apiMappingId === id);
    const record = checked(plane, domain, {
      apiMappingId: newId(plane, 6, taken),
      apiId: input.ApiId ?? '',
      stage: input.Stage ?? '',
      key: keyOf(input.ApiMappingKey),
    });
    await plane.state.putDomain({ ...domain, mappings: [...domain.mappings, record] });
    return shown(record);
  };
}

export function getApiMapping(plane: ControlPlane) {
  return (input: DeleteApiMappingRequest): ApiMapping =>
    shown(find(findDomain(plane, input.DomainName), input.ApiMappingId));
}

export function getApiMappings(plane: ControlPlane) {
  return (input: GetApiMappingsRequest): GetApiMappingsResponse =>
    pageOf(findDomain(plane, input.DomainName).mappings.map(shown), input);
}

export function updateApiMapping(plane: ControlPlane) {
  return async (input: UpdateApiMappingRequest): Promise<ApiMapping> => {
    const domain = findDomain(plane, input.DomainName);
    const before = find(domain, input.ApiMappingId);
    const record = checked(plane, domain, {
      ...before,
      ...defined({ apiId: input.ApiId, stage: input.Stage }),
      key: input.ApiMappingKey === undefined ? before.key : keyOf(input.ApiMappingKey),
    });
    const isIt = (one: MappingRecord): boolean => one.apiMappingId === record.apiMappingId;
    await plane.state.putDomain({ ...domain, mappings: replaced(domain.mappings, isIt, record) });
    return shown(record);
  };
}

export function deleteApiMapping(plane: ControlPlane) {
  return async (input: DeleteApiMappingRequest): Promise<Record<string, never>> => {
    const domain = findDomain(plane, input.DomainName);
    const { apiMappingId } = find(domain, input.ApiMappingId);
    const mappings = domain.mappings.filter((one) => one.apiMappingId !== apiMappingId);
    await plane.state.putDomain({ ...domain, mappings });
    return {};
  };
}

/** `(none)` is what the console and CloudFormation write for the empty key. */
function keyOf(key: string | undefined): string {
  const text = key === undefined || key === '(none)' ? '' : key;
  if (!keyPattern.test(text) || text.startsWith('/') || text.endsWith('/')) {
    throw badRequest("API mapping key should match: [a-zA-Z0-9$-_.+!*'()/]{0,300}");
  }
  return text;
}

function checked(plane: ControlPlane, domain: DomainRecord, record: MappingRecord): MappingRecord {
  const api = findApi(plane, record.apiId);
  if (!api.stages.some((stage) => stage.stageName === record.stage)) {
    throw badRequest('Invalid stage identifier specified');
  }
  const twin = domain.mappings.find((one) => one.key === record.key);
  if (twin !== undefined && twin.apiMappingId !== record.apiMappingId) {
    throw conflict('ApiMapping key already exists for this domain name');
  }
  return record;
}

function find(domain: DomainRecord, apiMappingId: string | undefined): MappingRecord {
  const record = domain.mappings.find((one) => one.apiMappingId === apiMappingId);
  if (record === undefined) throw notFound('API mapping', apiMappingId ?? '');
  return record;
}

function shown(record: MappingRecord): ApiMapping {
  return {
    ApiId: record.apiId,
    ApiMappingId: record.apiMappingId,
    ApiMappingKey: record.key,
    Stage: record.stage,
  };
}
