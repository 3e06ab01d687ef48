/**
 * How the engine (and the deployer of the CLI) speaks to the services of the cloud: one wire
 * request per call, through `io.network`. Owns which model and which address a service name means.
 */
import { callAws } from '../../endpoint/aws-call.ts';
import { requestJson } from '../../endpoint/internal-json.ts';
import type { Io } from '../../io/io.ts';
import acm from '../../wire/generated/acm.json' with { type: 'json' };
import apigateway from '../../wire/generated/apigatewayv2.json' with { type: 'json' };
import cloudformation from '../../wire/generated/cloudformation.json' with { type: 'json' };
import dynamodb from '../../wire/generated/dynamodb.json' with { type: 'json' };
import iam from '../../wire/generated/iam.json' with { type: 'json' };
import lambda from '../../wire/generated/lambda.json' with { type: 'json' };
import logs from '../../wire/generated/logs.json' with { type: 'json' };
import route53 from '../../wire/generated/route53.json' with { type: 'json' };
import s3 from '../../wire/generated/s3.json' with { type: 'json' };
import ssm from '../../wire/generated/ssm.json' with { type: 'json' };
import type { ServiceModel } from '../../wire/model.ts';
import { asModel } from '../../wire/models.ts';

const models: Readonly<Record<string, ServiceModel>> = {
  acm: asModel(acm),
  apigateway: asModel(apigateway),
  cloudformation: asModel(cloudformation),
  dynamodb: asModel(dynamodb),
  iam: asModel(iam),
  lambda: asModel(lambda),
  logs: asModel(logs),
  route53: asModel(route53),
  s3: asModel(s3),
  ssm: asModel(ssm),
};

/** Services of the edge: one for all regions. */
const globalServices = new Set(['iam', 'route53', 'sts']);

export interface Caller {
  /** Throws `ServiceError` with the service's code, or `NetError`. */
  call<Output>(
    service: string,
    operation: string,
    input: Readonly<Record<string, unknown>>,
    region: string,
  ): Promise<Output>;
  /** A POST to an address that is not an AWS API: JSON in, JSON out. */
  post<Output>(service: string, path: string, body: unknown, region: string): Promise<Output>;
}

export interface CallerOptions {
  /** For one call, from the first byte to the last. */
  readonly deadlineMs: number;
}

export function createCaller(io: Io, { deadlineMs }: CallerOptions): Caller {
  return {
    async call<Output>(
      service: string,
      operation: string,
      input: Readonly<Record<string, unknown>>,
      region: string,
    ): Promise<Output> {
      const model = models[service];
      if (model === undefined) throw new RangeError(`no model for ${service}`);
      const address = { region: globalServices.has(service) ? 'global' : region, service };
      return (await callAws(io, address, model, operation, input, { deadlineMs })) as Output;
    },
    post<Output>(service: string, path: string, body: unknown, region: string): Promise<Output> {
      return requestJson<Output>(io.network, { region, service }, path, body, { deadlineMs });
    },
  };
}
