/**
 * Runs `testdata/*.txt`: commands, four dashes, what came out. `UPDATE=1` rewrites them. They are
 * documentation first: read one to know how replication behaves.
 *
 *   cloud <region>…                     starts regions, virtual time 0
 *   create-table | delete-table <table> in <region>
 *   add-replica | remove-replica <table> in <region> from <region>
 *   put <table> <region> <id> <json>    a local write; waits for its acknowledgement
 *   delete <table> <region> <id>
 *   fill <table> <region> <count>       as many items, not listed
 *   show <table> <id>                   what every region holds; times since the cloud's start
 *   compare <table> <count>             whether all regions hold the same filled items
 *   wait <ms>
 *   cut | heal <region> <region>        a partition: messages vanish
 *   crash | restart <region>            kill -9, unflushed data lost
 *   pause | resume <region>             the replication-pause fault, both directions
 *   status <table>                      per region: members, then each peer
 *   conflicts <region>
 *   repeat <table> <region> <region>    sends all changes of the first to the second once more
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { requestJson } from '../../endpoint/internal-json.ts';
import { ServiceError } from '../../endpoint/service.ts';
import { type Io, NetError } from '../../io/io.ts';
import { createUniverse, type Universe } from '../../io/simulated/universe.ts';
import type { ConflictSide, ConflictsResponse } from '../dynamodb/api.ts';
import type { StatusResponse } from './api.ts';
import { applyAt, readChanges } from './data-plane/replica-address.ts';
import { bootRegion, type HeldAnswer } from './region.fake.ts';

const folder = join(import.meta.dirname, 'testdata');
const epochMs = Date.UTC(2026, 10, 24);
const limitMs = 20_000;

class Cloud {
  readonly #universe: Universe;
  readonly #regions: string[] = [];

  constructor(universe: Universe) {
    this.#universe = universe;
  }

  get failures(): Universe['failures'] {
    return this.#universe.failures;
  }

  async run(line: string): Promise<string> {
    const [command = '', ...words] = line.split(' ');
    const action = this.#actions[command];
    assert.ok(action, `unknown command: ${line}`);
    return action(words);
  }

  readonly #actions: Record<string, (words: string[]) => Promise<string>> = {
    cloud: async (regions) => {
      for (const region of regions) {
        this.#universe.spawn(`region/${region}`, region, (io) => bootRegion(io));
        this.#regions.push(region);
      }
      return this.#wait(10);
    },
    'create-table': ([table = '', , region = '']) =>
      this.#post(region, region, 'dynamodb', '/', { TableName: table }, 'CreateTable'),
    'delete-table': ([table = '', , region = '']) =>
      this.#post(region, region, 'dynamodb', '/', { TableName: table }, 'DeleteTable'),
    'add-replica': ([tableName = '', , target = '', , from = '']) =>
      this.#post(from, from, 'global-tables', '/replica-updates', {
        tableName,
        updates: [{ Create: { RegionName: target } }],
      }),
    'remove-replica': ([tableName = '', , target = '', , from = '']) =>
      this.#post(from, from, 'global-tables', '/replica-updates', {
        tableName,
        updates: [{ Delete: { RegionName: target } }],
      }),
    put: ([tableName = '', region = '', id = '', ...json]) =>
      this.#write(region, { tableName, id, item: JSON.parse(json.join(' ')) as object }),
    delete: ([tableName = '', region = '', id = '']) =>
      this.#write(region, { tableName, id, item: null }),
    fill: async ([tableName = '', region = '', count = '']) => {
      for (let n = 0; n < Number(count); n += 1) {
        await this.#write(region, { tableName, id: `item-${n}`, item: { n } });
      }
      return 'ok';
    },
    show: async ([tableName = '', id = '']) => {
      const lines: string[] = [];
      for (const region of this.#regions) {
        lines.push(`${region.padEnd(15)} ${await this.#held(region, tableName, id)}`);
      }
      return lines.join('\n');
    },
    compare: async ([tableName = '', count = '']) => {
      for (let n = 0; n < Number(count); n += 1) {
        const all = this.#regions.map((region) => this.#held(region, tableName, `item-${n}`));
        const [first, ...others] = await Promise.all(all);
        if (first?.startsWith('nothing') || others.some((other) => other !== first)) {
          return `item-${n} differs`;
        }
      }
      return `${count} items are the same everywhere`;
    },
    wait: ([ms = '']) => this.#wait(Number(ms)),
    cut: async ([a = '', b = '']) => {
      const { conditions } = this.#universe;
      conditions.links = [...conditions.links, { a, b, cut: true }];
      return 'ok';
    },
    heal: async ([a = '', b = '']) => {
      const { conditions } = this.#universe;
      conditions.links = conditions.links.filter((link) => link.a !== a || link.b !== b);
      return 'ok';
    },
    crash: async ([region = '']) => {
      this.#universe.crash(`region/${region}`);
      return 'ok';
    },
    restart: async ([region = '']) => {
      this.#universe.restart(`region/${region}`);
      return this.#wait(10);
    },
    pause: ([region = '']) =>
      this.#post(region, region, 'global-tables', '/pause', { paused: true }),
    resume: ([region = '']) =>
      this.#post(region, region, 'global-tables', '/pause', { paused: false }),
    status: async ([tableName = '']) => {
      const lines: string[] = [];
      for (const region of this.#regions) lines.push(await this.#status(region, tableName));
      return lines.join('\n');
    },
    conflicts: ([region = '']) => this.#conflicts(region),
    repeat: ([tableName = '', from = '', to = '']) => this.#repeat(tableName, from, to),
  };

  async #wait(ms: number): Promise<string> {
    await this.#universe.runUntil(this.#universe.nowUs + ms * 1_000);
    return 'ok';
  }

  /** Runs in a region's process; what the request is refused with is what comes out. */
  async #in(region: string, run: (io: Io) => Promise<string>): Promise<string> {
    if (!this.#universe.isUp(`region/${region}`)) return 'down';
    const done = await this.#universe.perform(
      `region/${region}`,
      async (io) => {
        try {
          return await run(io);
        } catch (error) {
          if (error instanceof ServiceError) return `${error.code}: ${error.message}`;
          if (error instanceof NetError) return error.message;
          throw error;
        }
      },
      limitMs,
    );
    return done ?? 'no answer';
  }

  #post(
    at: string,
    region: string,
    service: string,
    path: string,
    body: object,
    operation = '',
  ): Promise<string> {
    return this.#in(at, async ({ network }) => {
      const headers = { 'x-amz-target': `DynamoDB_20120810.${operation}` };
      const call = { deadlineMs: limitMs, headers };
      await requestJson(network, { region, service }, path, body, call);
      return 'ok';
    });
  }

  #write(region: string, body: object): Promise<string> {
    return this.#post(region, region, 'test', '/write', body);
  }

  #held(region: string, tableName: string, id: string): Promise<string> {
    return this.#in(region, async ({ network }) => {
      const to = { region, service: 'test' };
      const call = { deadlineMs: limitMs };
      const { held } = await requestJson<HeldAnswer>(network, to, '/read', { tableName, id }, call);
      if (held === null) return 'nothing';
      return `${plain(held.item)}  written ${when(held.version)}`;
    });
  }

  #status(region: string, tableName: string): Promise<string> {
    return this.#in(region, async ({ network }) => {
      const to = { region, service: 'global-tables' };
      const call = { deadlineMs: limitMs };
      const answer = await requestJson<StatusResponse>(network, to, '/status', { tableName }, call);
      const table = answer.tables[0];
      const members = table?.members.map((member) => `${member.region} ${member.status}`) ?? [];
      const peers = table?.peers.map((peer) => {
        const waiting = peer.queueDepth === 0 ? 'nothing waits' : `${peer.queueDepth} wait`;
        const lag = peer.lagMs === 0 ? '' : `, the oldest for ${peer.lagMs} ms`;
        const error = peer.lastError === null ? '' : ` (${peer.lastError})`;
        return `  to ${peer.peer}: ${peer.state}, ${waiting}${lag}${error}`;
      });
      return [`${region}: ${members.join(', ')}`, ...(peers ?? [])].join('\n');
    });
  }

  #conflicts(region: string): Promise<string> {
    return this.#in(region, async ({ network }) => {
      const to = { region, service: 'global-tables' };
      const call = { deadlineMs: limitMs };
      const answer = await requestJson<ConflictsResponse>(network, to, '/conflicts', {}, call);
      const side = ({ item, version }: ConflictSide): string =>
        `${plain(item)}  written ${when(`${version.timestamp}@${version.region}`)}`;
      const lines = answer.conflicts.flatMap(({ tableName, key, winner, loser, ...found }) => [
        `${tableName} ${plain(key)}, found in ${found.detectedIn} at ${found.detectedAtMs - epochMs} ms`,
        `  won   ${side(winner)}`,
        `  lost  ${side(loser)}`,
      ]);
      return [`${answer.total} in all`, ...lines].join('\n');
    });
  }

  #repeat(tableName: string, from: string, to: string): Promise<string> {
    return this.#in(from, async ({ network }) => {
      const request = { tableName, after: 0, limit: 1_000, waitMs: 0, lingerMs: 0, trimThrough: 0 };
      const { body } = await readChanges(network, from, request);
      const { applied, stale, conflicts } = await applyAt(network, to, body, limitMs);
      return `${applied} applied, ${stale} held already or older, ${conflicts} conflicts`;
    });
  }
}

/** An attribute map of texts and numbers without their types, for reading. */
function plain(item: string | null): string {
  if (item === null) return 'deleted';
  return item.replace(/\{"S":("[^"]*")\}/g, '$1').replace(/\{"N":"([^"]*)"\}/g, '$1');
}

/** `at 12 ms in us-east-1`, for a version's text. */
function when(version: string): string {
  const [timestamp = '', region = ''] = version.split('@');
  return `at ${Number.parseInt(timestamp.slice(0, 12), 16) - epochMs} ms in ${region}`;
}

async function play(text: string): Promise<string> {
  // Nothing is left to chance, so that times in the transcripts mean something.
  const network = { jitterUs: 0 };
  const storage = { flushLowUs: 1_000, flushHighUs: 1_000 };
  const cloud = new Cloud(await createUniverse({ seed: 1, epochMs, network, storage }));
  let out = '';
  for (const block of text.trimEnd().split(/\n\n+/)) {
    const lines = block.split('\n');
    const end = lines.indexOf('----');
    const commands = (end === -1 ? lines : lines.slice(0, end)).filter((line) => line !== '');
    out += `${commands.join('\n')}\n`;
    const spoken = commands.filter((line) => !line.startsWith('#'));
    if (spoken.length > 0) {
      const answers: string[] = [];
      for (const command of spoken) answers.push(await cloud.run(command));
      const said = answers.filter((answer) => answer !== 'ok');
      out += `----\n${said.length > 0 ? said.join('\n') : 'ok'}\n`;
    }
    out += '\n';
    assert.deepEqual(cloud.failures, []);
  }
  return `${out.trimEnd()}\n`;
}

for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
  test(name.replace('.txt', '').replaceAll('-', ' '), async () => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    const played = await play(text);
    if (process.env['UPDATE'] === '1') writeFileSync(path, played);
    else assert.equal(played, text);
  });
}
