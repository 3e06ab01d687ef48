/**
 * Owns: the lines that Lambda itself writes into a function's log, in AWS's formats.
 * Pure: numbers in, text out.
 */

export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  readonly memoryMb: number;
  readonly maxMemoryUsedMb: number;
  /** Of the init phase ahead of this invocation, where there was one. */
  readonly initMs?: number | undefined;
  readonly status?: 'timeout' | 'error' | undefined;
  readonly errorType?: string | undefined;
}

export function startLine(requestId: string): string {
  return `START RequestId: ${requestId} Version: $LATEST`;
}

export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}`;
}

/** Billed: duration and init together, rounded up to the millisecond (since August 2025). */
export function billedMs(durationMs: number, initMs = 0): number {
  return Math.ceil(Number((durationMs + initMs).toFixed(2)));
}

export function reportLine(report: Report): string {
  const init = report.initMs === undefined ? '' : `Init Duration: ${report.initMs.toFixed(2)} ms\t`;
  const status = report.status === undefined ? '' : `Status: ${report.status}\t`;
  const errorType = report.errorType === undefined ? '' : `Error Type: ${report.errorType}\t`;
  return (
    `REPORT RequestId: ${report.requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\t` +
    `Billed Duration: ${billedMs(report.durationMs, report.initMs)} ms\t` +
    `Memory Size: ${report.memoryMb} MB\tMax Memory Used: ${report.maxMemoryUsedMb} MB\t` +
    `${init}${status}${errorType}`
  );
}

export function initReportLine(initMs: number, status: 'timeout' | 'error', type: string): string {
  const errorType = status === 'error' ? `\tError Type: ${type}` : '';
  return `INIT_REPORT Init Duration: ${initMs.toFixed(2)} ms\tPhase: init\tStatus: ${status}${errorType}`;
}

export function timeoutLine(nowMs: number, requestId: string, timeoutS: number): string {
  return `${new Date(nowMs).toISOString()} ${requestId} Task timed out after ${timeoutS.toFixed(2)} seconds`;
}

/** `2026/11/24/[$LATEST]<32 hex digits>`. */
export function logStreamName(nowMs: number, hex: string): string {
  return `${new Date(nowMs).toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${hex}`;
}
