/** X-Ray's trace ids: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */

/** `Root=1-<seconds>-<24 hex>`, from a UUID of version 4 and the time. */
export function traceRoot(uuid: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000).toString(16);
  return `Root=1-${seconds}-${uuid.slice(0, 8)}${uuid.slice(24)}${uuid.slice(9, 13)}`;
}
