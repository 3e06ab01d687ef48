/** The smallest Lambda service, for the tests of processes: hands out events, keeps the answers. */
import type { ChildProcess, HttpRequest, HttpResponse, LaunchSpec, ProcessExit } from '../io.ts';
import type { OwnedProcesses } from './processes.ts';

export interface Result {
  readonly kind: 'response' | 'error' | 'init error';
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const json = (status: number, value: unknown, headers = {}): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify(value)),
});

export class FakeLambda {
  readonly output: { stdout: string; stderr: string } = { stdout: '', stderr: '' };
  readonly pieces: number[] = [];
  readonly exit: Promise<ProcessExit>;
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  exits = 0;
  #invocations = 0;
  #isReady = (): void => {};
  #poll: ((response: HttpResponse) => void) | undefined;
  readonly #events: HttpResponse[] = [];
  readonly #results: Result[] = [];
  readonly #waiting: ((result: Result) => void)[] = [];

  constructor(
    processes: OwnedProcesses,
    directory: string,
    handler: string,
    options: Partial<LaunchSpec> = {},
  ) {
    let onExit = (_: ProcessExit): void => {};
    this.exit = new Promise((resolve) => {
      onExit = resolve;
    });
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.child = processes.launch({
      label: 'us-east-1/test#1',
      directory,
      runtime: 'nodejs24.x',
      memoryMb: 128,
      serve: (request) => this.#serve(request),
      onOutput: (stream, text) => {
        this.pieces.push(Buffer.byteLength(text));
        if (this.output[stream].length < 1_000_000) this.output[stream] += text;
      },
      onExit: (exit) => {
        this.exits += 1;
        onExit(exit);
      },
      ...options,
      environment: {
        _HANDLER: handler,
        AWS_LAMBDA_FUNCTION_NAME: 'test',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/test',
        AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/24/[$LATEST]1',
        ...options.environment,
      },
    });
  }

  /** Runs one invocation to its result. */
  async invoke(event: unknown): Promise<Result> {
    this.#invocations += 1;
    const response = json(200, event, {
      'lambda-runtime-aws-request-id': `request-${this.#invocations}`,
      'lambda-runtime-deadline-ms': String(Date.now() + 3_000),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:test',
    });
    if (this.#poll === undefined) this.#events.push(response);
    else this.#poll(response);
    this.#poll = undefined;
    return this.result();
  }

  /** The next thing that the runtime client posts. */
  result(): Promise<Result> {
    const result = this.#results.shift();
    if (result !== undefined) return Promise.resolve(result);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #serve(request: HttpRequest): Promise<HttpResponse> {
    const path = request.path.replace('/2018-06-01/runtime', '');
    if (request.method === 'GET' && path === '/invocation/next') {
      this.#isReady();
      const event = this.#events.shift();
      if (event !== undefined) return Promise.resolve(event);
      return new Promise((resolve) => {
        this.#poll = resolve;
      });
    }
    const kind = /^\/invocation\/request-\d+\/(response|error)$/.exec(path)?.[1];
    const result: Result = {
      kind: path === '/init/error' ? 'init error' : (kind as 'response' | 'error'),
      body: Buffer.from(request.body).toString('utf8'),
      headers: request.headers,
    };
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#results.push(result);
    else waiting(result);
    return Promise.resolve(json(202, { status: 'OK' }));
  }
}
