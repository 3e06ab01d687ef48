/** HTTP requests as a client in a place makes them: through the client proxy. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface PlaceResponse {
  /** 0 where the connection broke. */
  readonly status: number;
  readonly region: string;
  /** Which address was used, and how it was come by. */
  readonly resolution: string;
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
  readonly #user: string;
  readonly #proxy: URL;
  readonly #agent = new Agent({ keepAlive: true });

  /** `client` tells it from others in its place. */
  constructor(proxy: string, place: string, client = '') {
    this.place = place;
    this.#user = Buffer.from(`${place}:${client}`).toString('base64');
    this.#proxy = new URL(proxy);
  }

  send(url: string, options: PlaceRequest = {}): Promise<PlaceResponse> {
    const startedAt = performance.now();
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    return new Promise((done) => {
      const end = (status: number, text: string, headers: IncomingHttpHeaders = {}): void =>
        done({
          status,
          region: String(headers['x-orrery-region'] ?? ''),
          resolution: String(headers['x-orrery-resolution'] ?? ''),
          text,
          ms: performance.now() - startedAt,
        });
      const sent = request({
        agent: this.#agent,
        host: this.#proxy.hostname,
        port: this.#proxy.port,
        method: options.method ?? (body === undefined ? 'GET' : 'POST'),
        path: url,
        timeout: options.timeoutMs ?? 10_000,
        headers: {
          host: new URL(url).host,
          'proxy-authorization': `Basic ${this.#user}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      });
      sent.on('timeout', () => sent.destroy(new Error('timeout')));
      sent.on('error', (error) => end(0, error.message));
      sent.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('error', (error) => end(0, error.message));
        response.on('end', () => end(response.statusCode ?? 0, text, response.headers));
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
