import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProbeData } from '../io/io.ts';
import { regionIp } from '../world/addresses.ts';
import type { Resolution } from './client-resolver.ts';
import { createClientWatch } from './client-watch.ts';

const [home, away] = [regionIp('ap-northeast-1'), regionIp('us-east-1')];
const anna = { place: 'tokyo', client: '', name: 'api.app.test' };

function setUp() {
  const events: string[] = [];
  let nowUs = 0;
  const watch = createClientWatch(
    {
      event: (kind: string, { place, client, name, ...data }: ProbeData) => {
        assert.deepEqual({ place, client, name }, anna);
        events.push([kind, ...Object.values(data)].join(' '));
      },
      always: () => {},
      sometimes: () => {},
      buggify: () => false,
    },
    { wallMs: () => 0, monotonicUs: () => nowUs },
  );
  const told = (): string[] => events.splice(0);
  return {
    told,
    look: (ip: string, how: Resolution['how'] = 'fresh') => {
      const answer = { kind: 'addresses', addresses: [ip] } as const;
      watch.looked(anna, { ...answer, how, ttlSeconds: 10, ageMs: 0, waitMs: 0 });
    },
    deny: (reason: string) =>
      watch.looked(anna, {
        ...{ kind: 'none', reason, how: 'fresh', ttlSeconds: 0, ageMs: 0, waitMs: 0 },
      }),
    ask: (ip: string, why?: string, sentAtUs = nowUs) => {
      nowUs += 1_000_000;
      watch.ended(anna, { ip, sentAtUs, status: why === undefined ? 200 : 0, ...(why && { why }) });
    },
  };
}

describe('the watch of clients', () => {
  it('tells of changes only: the first failure, the next look-up, the first answer', () => {
    const { told, look, ask } = setUp();
    for (let n = 0; n < 3; n += 1) {
      look(home, n === 0 ? 'fresh' : 'cached');
      ask(home);
    }
    assert.deepEqual(told(), []);
    ask(home, 'ECONNREFUSED');
    ask(home, 'ECONNREFUSED');
    assert.deepEqual(told(), ['client-failed ap-northeast-1 ECONNREFUSED']);
    look(away);
    ask(away);
    ask(away);
    assert.deepEqual(told(), [
      'client-lookup ap-northeast-1 us-east-1 fresh',
      'client-answered ap-northeast-1 us-east-1 200 2000',
    ]);
    look(home);
    ask(home);
    assert.deepEqual(told(), [
      'client-lookup us-east-1 ap-northeast-1 fresh',
      'client-answered us-east-1 ap-northeast-1 200 0',
    ]);
  });

  it('tells of stale answers, and of none', () => {
    const { told, look, deny, ask } = setUp();
    look(home);
    ask(home);
    look(home, 'stale');
    look(home, 'stale');
    assert.deepEqual(told(), ['client-lookup ap-northeast-1 ap-northeast-1 stale']);
    deny('no answer');
    assert.deepEqual(told(), [
      'client-lookup ap-northeast-1 no answer fresh',
      'client-failed  no answer',
    ]);
  });

  it('knows a request that was sent to the dying region before the client moved on', () => {
    const { told, look, ask } = setUp();
    look(home);
    ask(home);
    look(away);
    ask(away);
    told();
    ask(home, 'ETIMEDOUT', 500_000);
    assert.deepEqual(told(), []);
  });
});
