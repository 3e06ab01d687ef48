import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseRouteKey } from '../route-key.ts';
import { Router } from './router.ts';

function routerOf(keys: readonly string[]): Router<string> {
  return new Router(
    keys.map((key) => {
      const parsed = parseRouteKey(key);
      assert.ok(parsed !== undefined, key);
      return [parsed, key] as const;
    }),
  );
}

describe('parseRouteKey', () => {
  it('knows the three kinds of segments', () => {
    assert.equal(parseRouteKey('$default'), '$default');
    assert.deepEqual(parseRouteKey('GET /'), { method: 'GET', path: '/', segments: [] });
    const key = parseRouteKey('ANY /pets/{id}/{rest+}');
    assert.ok(typeof key === 'object');
    assert.deepEqual(
      key.segments.map((segment) => segment.kind),
      ['literal', 'variable', 'greedy'],
    );
  });

  it('refuses everything else', () => {
    for (const text of ['', 'GET', 'GET pets', 'FETCH /pets', 'get /pets', 'GET /{a+}/b']) {
      assert.equal(parseRouteKey(text), undefined, text);
    }
    for (const text of ['GET /a{b}', 'GET /{a', 'GET /{}', 'GET /a b', '$other']) {
      assert.equal(parseRouteKey(text), undefined, text);
    }
  });
});

describe('a router', () => {
  it('prefers as the guide says', () => {
    const all = [
      'GET /pets/dog/1',
      'GET /pets/dog/{id}',
      'GET /pets/{proxy+}',
      'ANY /{proxy+}',
      '$default',
    ];
    // Without the first, the second wins, and so on down the list.
    for (let n = 0; n < all.length; n += 1) {
      assert.equal(routerOf(all.slice(n)).match('GET', '/pets/dog/1')?.route, all[n]);
    }
  });

  it('prefers a full match to a greedy one with a longer literal part', () => {
    const router = routerOf(['GET /a/{rest+}', 'GET /{x}/b']);
    assert.equal(router.match('GET', '/a/b')?.route, 'GET /{x}/b');
    assert.equal(router.match('GET', '/a/c')?.route, 'GET /a/{rest+}');
  });

  it('prefers the own method to ANY, and looks further where neither is there', () => {
    const router = routerOf(['ANY /pets', 'GET /pets', 'POST /pets/{id}', 'ANY /{rest+}']);
    assert.equal(router.match('GET', '/pets')?.route, 'GET /pets');
    assert.equal(router.match('PUT', '/pets')?.route, 'ANY /pets');
    assert.equal(router.match('GET', '/pets/1')?.route, 'ANY /{rest+}');
  });

  it('gives decoded parameters', () => {
    const router = routerOf(['GET /orders/{id}/lines/{line}', 'GET /files/{path+}']);
    assert.deepEqual(router.match('GET', '/orders/a%20b/lines/%E2%82%AC')?.parameters, {
      id: 'a b',
      line: '€',
    });
    assert.deepEqual(router.match('GET', '/files/a/b%2Fc')?.parameters, { path: 'a/b/c' });
    assert.deepEqual(router.match('GET', '/orders/%zz/lines/1')?.parameters, {
      id: '%zz',
      line: '1',
    });
  });

  it('takes no empty segment for a variable', () => {
    const router = routerOf(['GET /pets/{id}', 'GET /{rest+}', 'GET /']);
    assert.equal(router.match('GET', '/pets/')?.route, 'GET /{rest+}');
    assert.equal(router.match('GET', '/')?.route, 'GET /');
    assert.equal(routerOf(['GET /{rest+}']).match('GET', '/'), undefined);
  });

  it('answers for any path whatever, as a list of rules would', () => {
    const segment = fc.constantFrom('a', 'b', '{x}', '{y}');
    const key = fc
      .tuple(
        fc.constantFrom('GET', 'ANY', 'PUT'),
        fc.array(segment, { maxLength: 3 }),
        fc.boolean(),
      )
      .map(([method, parts, greedy]) => {
        // Names of variables do not tell two routes apart: AWS refuses such twins.
        const named = parts.map((part) => (part.startsWith('{') ? '{v}' : part));
        return `${method} /${[...named, ...(greedy ? ['{g+}'] : [])].join('/')}`;
      });
    const keys = fc.uniqueArray(key, { maxLength: 8 });
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 });
    fc.assert(
      fc.property(keys, path, (routes, parts) => {
        const found = routerOf(routes).match('GET', `/${parts.join('/')}`)?.route;
        const fitting = routes.filter((one) => fits(one, parts));
        if (found === undefined) assert.deepEqual(fitting, []);
        else assert.ok(fitting.includes(found), `${found} for /${parts.join('/')}`);
        const isGreedy = found?.includes('+}') === true;
        if (isGreedy) assert.ok(fitting.every((one) => one.includes('+}')));
      }),
    );
  });
});

function fits(key: string, parts: readonly string[]): boolean {
  const [method, path] = key.split(' ');
  if (method === 'PUT') return false;
  const segments = path === '/' ? [] : (path ?? '').slice(1).split('/');
  const greedy = segments.at(-1) === '{g+}';
  if (greedy ? parts.length < segments.length : parts.length !== segments.length) return false;
  return segments.every((segment, index) => segment.startsWith('{') || segment === parts[index]);
}
