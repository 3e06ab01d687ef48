/**
 * What others may know of Lambda. Beside its AWS API the service serves one internal address,
 * `lambda-invoke`, for services of the same cloud (API Gateway): the request and the answer are
 * those of the Invoke operation on the wire (type RequestResponse),
 *
 *   POST /2015-03-31/functions/<name or ARN>/invocations
 *
 * with two headers more, which no client outside can send because the address is not reachable
 * from there: who calls, and for which resource. The function's resource policy must allow both.
 */

/** Headers of a request to `lambda-invoke`. */
export interface ServiceInvocationHeaders {
  /** Service principal: `apigateway.amazonaws.com`. */
  readonly 'x-orrery-principal': string;
  /** `arn:aws:execute-api:eu-west-1:000000000000:a1b2c3/$default/GET/pets`. */
  readonly 'x-orrery-source-arn': string;
}

/** A statement of a function's resource policy, as GetPolicy shows it. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: '*' | { readonly Service: string } | { readonly AWS: string };
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
