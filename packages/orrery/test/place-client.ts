/** HTTP requests as a client in a place makes them: through the client proxy. */
import { Agent, request } from 'node:http';

export interface PlaceResponse {
  /** 0 where the connection broke. */
  readonly status: number;
  readonly region: string;
  readonly text: string;
  readonly ms: number;
}

export interface PlaceRequest {
  readonly method?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/** A client in one place. Never rejects: a broken connection is an answer with status 0. */
export class PlaceClient {
  readonly place: string;
  readonly #proxy: URL;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(proxy: string, place: string) {
    this.place = place;
    this.#proxy = new URL(proxy);
  }

  send(url: string, options: PlaceRequest = {}): Promise<PlaceResponse> {
    const startedAt = performance.now();
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    return new Promise((done) => {
      const end = (status: number, region: string, text: string): void =>
        done({ status, region, text, ms: performance.now() - startedAt });
      const sent = request({
        agent: this.#agent,
        host: this.#proxy.hostname,
        port: this.#proxy.port,
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        path: url,
        timeout: options.timeoutMs ?? 10_000,
        headers: {
          host: new URL(url).host,
          'proxy-authorization': `Basic ${Buffer.from(`${this.place}:`).toString('base64')}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      });
      sent.on('timeout', () => sent.destroy(new Error('timeout')));
      sent.on('error', (error) => end(0, '', error.message));
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('error', (error) => end(0, '', error.message));
        response.on('end', () =>
          end(response.statusCode ?? 0, String(response.headers['x-orrery-region'] ?? ''), text),
        );
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
