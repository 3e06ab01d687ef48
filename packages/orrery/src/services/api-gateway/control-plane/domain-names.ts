/**
 * CreateDomainName, GetDomainName(s), UpdateDomainName and DeleteDomainName.
 *
 * A name exists per region: the same one in several regions is how Route 53 fails over.
 */
import type {
  CreateDomainNameRequest,
  DeleteDomainNameRequest,
  DomainName,
  DomainNameConfiguration,
  GetDomainNamesRequest,
  GetDomainNamesResponse,
  UpdateDomainNameRequest,
} from '@aws-sdk/client-apigatewayv2';
import { badRequest, conflict } from '../errors.ts';
import { gatewayHostedZoneId } from '../hosted-zones.ts';
import type { DomainRecord } from '../state.ts';
import { type ControlPlane, findDomain, newId, pageOf } from './control-plane.ts';

const domainsMax = 120;
const namePattern = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

export function createDomainName(plane: ControlPlane) {
  return async (input: CreateDomainNameRequest): Promise<DomainName> => {
    const domainName = (input.DomainName ?? '').toLowerCase();
    if (!namePattern.test(domainName)) throw badRequest('Invalid domain name identifier specified');
    if (plane.state.domains.has(domainName)) {
      throw conflict('The domain name you provided already exists.');
    }
    if (plane.state.domains.size >= domainsMax) {
      throw badRequest('Maximum number of domain names reached');
    }
    if (input.MutualTlsAuthentication !== undefined) {
      throw badRequest('Orrery has no mutual TLS.');
    }
    const all = [...plane.state.domains.values()];
    const host = (id: string): string => `d-${id}.execute-api.${plane.region}.amazonaws.com`;
    const taken = (id: string): boolean => all.some((one) => one.gatewayDomainName === host(id));
    const record: DomainRecord = {
      domainName,
      configurations: checkConfigurations(input.DomainNameConfigurations ?? []),
      gatewayDomainName: host(newId(plane, 10, taken)),
      tags: input.Tags ?? {},
      mappings: [],
    };
    await plane.state.putDomain(record);
    return shown(plane, record);
  };
}

export function getDomainName(plane: ControlPlane) {
  return (input: DeleteDomainNameRequest): DomainName =>
    shown(plane, findDomain(plane, input.DomainName));
}

export function getDomainNames(plane: ControlPlane) {
  return (input: GetDomainNamesRequest): GetDomainNamesResponse => {
    const records = [...plane.state.domains.values()].sort((a, b) =>
      a.domainName < b.domainName ? -1 : 1,
    );
    return pageOf(
      records.map((record) => shown(plane, record)),
      input,
    );
  };
}

export function updateDomainName(plane: ControlPlane) {
  return async (input: UpdateDomainNameRequest): Promise<DomainName> => {
    const before = findDomain(plane, input.DomainName);
    const record: DomainRecord =
      input.DomainNameConfigurations === undefined
        ? before
        : { ...before, configurations: checkConfigurations(input.DomainNameConfigurations) };
    await plane.state.putDomain(record);
    return shown(plane, record);
  };
}

export function deleteDomainName(plane: ControlPlane) {
  return async (input: DeleteDomainNameRequest): Promise<Record<string, never>> => {
    await plane.state.deleteDomain(findDomain(plane, input.DomainName).domainName);
    return {};
  };
}

function checkConfigurations(
  configurations: readonly DomainNameConfiguration[],
): readonly DomainNameConfiguration[] {
  const [one] = configurations;
  if (one === undefined || configurations.length > 1) {
    throw badRequest('Exactly one domain name configuration must be specified');
  }
  if ((one.EndpointType ?? 'REGIONAL') !== 'REGIONAL') {
    throw badRequest('Only endpoint type REGIONAL is supported for this domain name');
  }
  if (one.CertificateArn === undefined) throw badRequest('A certificate ARN must be specified');
  return [one];
}

function shown(plane: ControlPlane, record: DomainRecord): DomainName {
  return {
    DomainName: record.domainName,
    DomainNameArn: `arn:aws:apigateway:${plane.region}::/domainnames/${record.domainName}`,
    ApiMappingSelectionExpression: '$request.basepath',
    RoutingMode: 'API_MAPPING_ONLY',
    DomainNameConfigurations: record.configurations.map((one) => ({
      ...one,
      ApiGatewayDomainName: record.gatewayDomainName,
      DomainNameStatus: 'AVAILABLE',
      EndpointType: 'REGIONAL',
      HostedZoneId: gatewayHostedZoneId(plane.region),
      IpAddressType: one.IpAddressType ?? 'ipv4',
      SecurityPolicy: one.SecurityPolicy ?? 'TLS_1_2',
    })),
    Tags: record.tags,
  };
}
