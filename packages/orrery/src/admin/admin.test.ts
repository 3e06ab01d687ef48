import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fault, FaultError, type FaultSpec } from '../faults/fault.ts';
import type { HttpRequest } from '../io/io.ts';
import { createAdmin } from './admin.ts';
import { type CloudControl, type CloudStatus, ControlError } from './api.ts';

const status: CloudStatus = {
  version: '0.0.0',
  pid: 1,
  startedAtMs: 0,
  endpoint: 'http://127.0.0.1:4566',
  dns: '127.0.0.1:4553',
  proxy: 'http://127.0.0.1:4580',
  admin: 'http://127.0.0.1:4567',
  timeScale: 1,
  latency: 'real',
  app: null,
  hostNames: [],
  regions: [],
  healthChecks: [],
  faults: [],
  resolver: { serveStaleSeconds: 0, ttlIgnoring: 0, holdSeconds: 30, seed: 1, lookups: [] },
};

function setUp() {
  const started: FaultSpec[] = [];
  const stopped: unknown[] = [];
  const fault = (spec: FaultSpec): Fault => ({
    ...spec,
    id: 'fault-1',
    startedAtMs: 0,
    cause: 'requested',
  });
  const cloud: CloudControl = {
    status: async () => status,
    startFault: async (spec) => {
      if (spec.action === 'earthquake') throw new FaultError('There is no fault "earthquake".');
      started.push(spec);
      return fault(spec);
    },
    stopFault: async (which) => {
      stopped.push(which);
      return fault({ action: 'x', targets: [], parameters: {} });
    },
    conflicts: async () => ({ items: [], unreachable: ['us-east-1'] }),
    logs: async (query) => {
      throw new Error(`disk on fire at ${query.limit}`);
    },
    events: (after) => [{ sequence: after + 1, atMs: 0, kind: 'k', data: {} }],
    lookups: () => [],
    timeline: () => ({ timeScale: 1, incidents: [] }),
    explain: async (question) => question,
    world: async ({ name, type }) => ({
      name,
      type,
      zoneId: null,
      dependsOnChance: false,
      places: [],
    }),
    routingControls: async () => [],
    setRoutingControl: async (name, on) => {
      if (name === 'none') throw new ControlError('There is no routing control "none".');
      return {
        arn: `arn:aws:route53-recovery-control::0:controlpanel/p/routingcontrol/${name}`,
        on,
        healthCheckIds: [],
      };
    },
    deploy: async (path) => [{ name: path ?? 'own', region: 'r', action: 'create', outputs: {} }],
    destroy: async () => {
      throw new ControlError('no app runs');
    },
    reset: async () => {},
  };
  const admin = createAdmin({ cloud, page: '<p>page</p>' });
  const call = async (method: string, path: string, body?: unknown, headers = {}) => {
    const request: HttpRequest = {
      method,
      path,
      headers: { host: '127.0.0.1:4567', ...headers },
      body: new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body)),
    };
    const answer = await admin(request);
    return { status: answer.status, text: new TextDecoder().decode(answer.body) };
  };
  return { call, started, stopped };
}

describe('the admin interface', () => {
  it('answers only loopback hosts and own origins', async () => {
    const { call } = setUp();
    const allowed = async (headers: Record<string, string>): Promise<boolean> =>
      (await call('GET', '/api/status', undefined, headers)).status === 200;
    assert.ok(await allowed({}));
    assert.ok(await allowed({ host: 'localhost:4567' }));
    assert.ok(await allowed({ origin: 'http://127.0.0.1:4567' }));
    assert.ok(!(await allowed({ host: 'rebound.example:4567' })));
    assert.ok(!(await allowed({ host: '127.0.0.1.example' })));
    assert.ok(!(await allowed({ origin: 'https://evil.example' })));
    assert.ok(!(await allowed({ origin: 'null' })));
    assert.ok(!(await allowed({ 'sec-fetch-site': 'cross-site' })));
  });

  it('starts and stops faults from JSON', async () => {
    const { call, started, stopped } = setUp();
    const spec = {
      action: 'latency',
      targets: ['us-east-1', 'eu-central-1'],
      parameters: { ms: 5 },
      durationMs: 1000,
    };
    assert.equal((await call('POST', '/api/faults', spec)).status, 200);
    assert.deepEqual(started, [spec]);
    await call('DELETE', '/api/faults/fault-1');
    await call('POST', '/api/faults/stop', { action: 'latency', targets: ['a', 'b'] });
    assert.deepEqual(stopped, [{ id: 'fault-1' }, { action: 'latency', targets: ['a', 'b'] }]);
  });

  it('tells the caller what was wrong', async () => {
    const { call } = setUp();
    const bad = async (body: unknown, words: RegExp): Promise<void> => {
      const answer = await call('POST', '/api/faults', body);
      assert.equal(answer.status, 400);
      assert.match(answer.text, words);
    };
    await bad(undefined, /JSON object/);
    await bad([], /JSON object/);
    await bad({}, /\\"action\\" must be a text/);
    await bad({ action: 'x', targets: [1] }, /list of texts/);
    await bad({ action: 'x', parameters: { ms: 'x' } }, /object of numbers/);
    await bad({ action: 'earthquake' }, /no fault/);
    assert.match((await call('GET', '/nothing')).text, /GET \/api\/status/);
    const broken = await call('GET', '/api/logs?limit=7');
    assert.equal(broken.status, 500);
    assert.match(broken.text, /disk on fire at 7/);
  });

  it('passes questions on', async () => {
    const { call } = setUp();
    const { text } = await call('GET', '/api/explain?name=a.test&place=tokyo&down=x,y');
    const asked = { name: 'a.test', type: 'A', place: 'tokyo', down: ['x', 'y'] };
    assert.deepEqual(JSON.parse(text), asked);
    const inside = await call('GET', '/api/explain?name=a.test&ip=192.0.2.1&vpc=vpc-1');
    assert.match(inside.text, /"ip":"192\.0\.2\.1","vpc":"vpc-1"/);
    assert.equal((await call('GET', '/api/routing-controls')).text, '[]\n');
    const control = await call('POST', '/api/routing-controls', { name: 'r', on: true });
    assert.match(control.text, /routingcontrol\/r","on":true/);
    for (const [body, words] of [
      [{ name: 'none', on: true }, /no routing control/],
      [{ name: 'r', on: 'yes' }, /true or false/],
      [{ on: true }, /must be a text/],
    ] as const) {
      const answer = await call('POST', '/api/routing-controls', body);
      assert.equal(answer.status, 400);
      assert.match(answer.text, words);
    }
    assert.match((await call('GET', '/api/world?name=a.test&type=AAAA')).text, /"AAAA".*"places"/);
    assert.match((await call('GET', '/')).text, /<p>page/);
    assert.match((await call('GET', '/api/events?after=4')).text, /"sequence":5/);
    assert.equal((await call('GET', '/api/lookups')).text, '[]\n');
    assert.match((await call('GET', '/api/timeline')).text, /"incidents":\[\]/);
    assert.match((await call('GET', '/api/conflicts')).text, /unreachable/);
    assert.match((await call('POST', '/api/deploy', {})).text, /own/);
    assert.match((await call('POST', '/api/deploy', { app: 'mine' })).text, /mine/);
    const refused = await call('POST', '/api/destroy');
    assert.deepEqual([refused.status, refused.text], [400, '{"error":"no app runs"}\n']);
  });
});
