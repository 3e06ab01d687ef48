import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  hashTable,
  indexedTable,
  rangeTable,
  type Tested,
  testedService,
} from '../dynamodb.fake.ts';

let tested: Tested;

type Rows = Record<string, Record<string, unknown>>[];

const run = async (Statement: string, Parameters?: object[], more: object = {}): Promise<Rows> =>
  (
    await tested.call('ExecuteStatement', { Statement, ...(Parameters && { Parameters }), ...more })
  )['Items'] as Rows;

const problem = (Statement: string, Parameters?: object[]): Promise<string> =>
  tested.problem('ExecuteStatement', { Statement, ...(Parameters && { Parameters }) });

const numbers = (rows: Rows, name = 'sk') => rows.map((row) => Number(row[name]?.['N']));

before(async () => {
  tested = await testedService();
  for (const table of [hashTable, rangeTable, indexedTable]) {
    await tested.call('CreateTable', table);
  }
  for (const pk of ['a', 'b', 'c']) {
    for (let sk = 0; sk < 10; sk += 1) {
      await run(
        `INSERT INTO "range" VALUE {'pk': ?, 'sk': ?, 'even': ?, 'tags': <<'x','${pk}'>>,
        'doc': {'list': [${sk}, 'two'], 'deep': {'n': null}}}`,
        [{ S: pk }, { N: String(sk) }, { BOOL: sk % 2 === 0 }],
      );
    }
  }
});

describe('SELECT', () => {
  it('reads one item, one partition, several partitions, or all', async () => {
    assert.deepEqual(numbers(await run(`SELECT * FROM range WHERE pk = 'a' AND sk = 3`)), [3]);
    assert.deepEqual(
      numbers(await run(`SELECT sk FROM range WHERE pk='b' AND 7 <= sk`)),
      [7, 8, 9],
    );
    assert.equal((await run(`select * from "range" where pk in ['a', 'b', 'a']`)).length, 20);
    assert.equal((await run(`SELECT * FROM range WHERE pk = 'a' OR pk = 'c'`)).length, 20);
    assert.equal((await run('SELECT * FROM range')).length, 30);
    assert.equal((await run('SELECT * FROM range;')).length, 30);
  });

  it('goes past comments, and takes names in quotes', async () => {
    const rows = await run(`-- which ones: 'these'
      SELECT /* the number */ "sk", "doc"."list"[1] -- and a word
      FROM "range" WHERE "pk" = 'a' /* a -- b */ AND "sk" = 3`);
    assert.deepEqual(rows, [{ sk: { N: '3' }, 'list[1]': { S: 'two' } }]);
    assert.equal((await run(`SELECT * FROM "indexed"."byWeight" WHERE "pk" = '--'`)).length, 0);
  });

  it('uses every operator and function', async () => {
    const found = async (where: string): Promise<number[]> =>
      numbers(await run(`SELECT * FROM range WHERE pk = 'a' AND (${where})`));
    assert.deepEqual(await found('sk BETWEEN 2 AND 4'), [2, 3, 4]);
    assert.deepEqual(await found('NOT sk BETWEEN 1 AND 9'), [0]);
    assert.deepEqual(await found('sk NOT IN (0,1,2,3,4,5,6,7)'), [8, 9]);
    assert.deepEqual(await found('even = true AND sk <> 0 AND sk != 2 AND sk < 6'), [4]);
    assert.deepEqual(await found('doc.list[0] >= 8 OR doc.list[0] = 0'), [0, 8, 9]);
    assert.equal((await found(`begins_with(doc.list[1], 'tw')`)).length, 10);
    assert.equal((await found(`contains(tags, 'a')`)).length, 10);
    assert.equal((await found(`contains(tags, 'b')`)).length, 0);
    assert.equal((await found(`attribute_type(doc, 'M') and SIZE(doc.list) = 2`)).length, 10);
    assert.equal((await found('doc.deep.n IS NULL')).length, 10);
    assert.equal((await found('doc.deep.n IS NOT NULL')).length, 0);
    assert.equal((await found('absent IS MISSING and doc is not missing')).length, 10);
  });

  it('answers columns by their last name, and leaves out what is not there', async () => {
    assert.deepEqual(
      await run(`SELECT sk, doc.list, doc.list[1], doc.deep.n, nothing FROM range
        WHERE pk = 'a' AND sk = 1`),
      [
        {
          sk: { N: '1' },
          list: { L: [{ N: '1' }, { S: 'two' }] },
          'list[1]': { S: 'two' },
          n: { NULL: true },
        },
      ],
    );
  });

  it('orders by the sort key, and by nothing else', async () => {
    const where = `FROM range WHERE pk = 'a' AND sk > 6`;
    assert.deepEqual(numbers(await run(`SELECT sk ${where} ORDER BY sk DESC`)), [9, 8, 7]);
    assert.deepEqual(numbers(await run(`SELECT sk ${where} ORDER BY sk`)), [7, 8, 9]);
    assert.match(await problem('SELECT * FROM range ORDER BY sk'), /Must have WHERE clause/);
    assert.match(
      await problem('SELECT * FROM range WHERE sk = 1 ORDER BY sk'),
      /hash key condition/,
    );
    assert.match(await problem(`SELECT * ${where} ORDER BY even`), /part of the primary key/);
  });

  it('orders partitions where ORDER BY names their key', async () => {
    const ordered = async (order: string) => {
      const from = `SELECT pk, sk FROM range WHERE pk IN ['b', 'c', 'a'] AND sk BETWEEN 1 AND 2`;
      const rows = await run(`${from} ${order}`);
      return rows.map(({ pk, sk }) => `${pk?.['S']}${sk?.['N']}`).join(' ');
    };
    assert.equal(await ordered(''), 'b1 b2 c1 c2 a1 a2');
    assert.equal(await ordered('ORDER BY pk'), 'a1 a2 b1 b2 c1 c2');
    assert.equal(await ordered('ORDER BY pk DESC'), 'c1 c2 b1 b2 a1 a2');
    assert.equal(await ordered('ORDER BY pk DESC, sk DESC'), 'c2 c1 b2 b1 a2 a1');
  });

  it('pages by Limit and token, over partitions and filters, in both directions', async () => {
    for (const tail of ['', ' ORDER BY sk DESC']) {
      const Statement = `SELECT * FROM range WHERE pk IN ['a','c'] AND even = ?${tail}`;
      const Parameters = [{ BOOL: true }];
      const whole = await run(Statement, Parameters);
      assert.equal(whole.length, 10);
      const paged: Rows = [];
      let NextToken: unknown;
      let pages = 0;
      do {
        const output = await tested.call('ExecuteStatement', {
          Statement,
          Parameters,
          Limit: 3,
          ...(NextToken !== undefined && { NextToken }),
        });
        paged.push(...(output['Items'] as Rows));
        ({ NextToken } = output);
        pages += 1;
      } while (NextToken !== undefined);
      assert.deepEqual(paged, whole);
      assert.equal(pages, 7);
    }
  });

  it('refuses tokens of other statements, parameters and makers', async () => {
    const Statement = 'SELECT * FROM range WHERE even = ?';
    const input = { Statement, Parameters: [{ BOOL: true }], Limit: 2 };
    const { NextToken } = await tested.call('ExecuteStatement', input);
    const refused = async (more: object): Promise<string> =>
      tested.problem('ExecuteStatement', { ...input, NextToken, ...more });
    const other = 'ValidationException: NextToken does not match request';
    assert.equal(await refused({ Parameters: [{ BOOL: false }] }), other);
    assert.equal(await refused({ Statement: `${Statement} AND sk = 1` }), other);
    assert.equal(await refused({ NextToken: 'e30=' }), other);
    assert.equal(await refused({ NextToken: 'garbage' }), 'ValidationException: Invalid NextToken');
    const forged = JSON.parse(Buffer.from(String(NextToken), 'base64').toString());
    for (const key of [{ pk: { S: 1 } }, { pk: { S: 'a' } }, null, 7]) {
      const text = Buffer.from(JSON.stringify({ ...forged, key })).toString('base64');
      assert.match(await refused({ NextToken: text }), /^(Validation|Serialization)Exception/);
    }
  });

  it('reads indexes, which hold what they project', async () => {
    for (let i = 0; i < 4; i += 1) {
      await run(
        `INSERT INTO indexed VALUE {'pk':'p','sk':'s${i}','weight':${9 - i},'colour':'red',
          'note':'n','other':1}`,
      );
    }
    const rows = await run(
      `SELECT * FROM "indexed"."byColour" WHERE colour = 'red' AND weight > 6 ORDER BY weight DESC`,
    );
    assert.deepEqual(numbers(rows, 'weight'), [9, 8, 7]);
    assert.equal(rows[0]?.['other'], undefined);
    const local = `FROM indexed.byWeight WHERE pk = 'p' AND weight = 8`;
    assert.deepEqual(await run(`SELECT other ${local}`), [{ other: { N: '1' } }]);
    assert.deepEqual(Object.keys((await run(`SELECT * ${local}`))[0] ?? {}).sort(), [
      'pk',
      'sk',
      'weight',
    ]);
    assert.match(await problem('SELECT other FROM indexed.byColour'), /does not project \[other\]/);
    assert.match(await problem('SELECT * FROM indexed.nothing'), /specified index: nothing/);
    const Statement = 'SELECT * FROM indexed.byColour';
    assert.match(
      await tested.problem('ExecuteStatement', { Statement, ConsistentRead: true }),
      /Consistent reads are not supported/,
    );
  });

  it('counts capacity as Query does', async () => {
    const input = { ReturnConsumedCapacity: 'TOTAL', ConsistentRead: true };
    const Statement = `SELECT * FROM range WHERE pk IN ['a','b']`;
    const output = await tested.call('ExecuteStatement', { Statement, ...input });
    assert.deepEqual(output['ConsumedCapacity'], { TableName: 'range', CapacityUnits: 2 });
  });
});

describe('INSERT, UPDATE, DELETE', () => {
  it('inserts once', async () => {
    const insert = `INSERT INTO "hash" VALUE {'pk': 'i', 'quote': 'it''s', 'n': -1.50}`;
    assert.deepEqual(await run(insert), []);
    assert.equal(
      await problem(insert),
      'DuplicateItemException: Duplicate primary key exists in table',
    );
    assert.deepEqual(await run(`SELECT * FROM hash WHERE pk = 'i'`), [
      { pk: { S: 'i' }, quote: { S: "it's" }, n: { N: '-1.5' } },
    ]);
    assert.match(
      await problem(`INSERT INTO hash VALUE {'x': 1}`),
      /should be present in the item: Key pk/,
    );
  });

  it('reads ten of the partitions that IN names at a time', async () => {
    const keys = Array.from({ length: 23 }, (_, i) => `in${String(i).padStart(2, '0')}`);
    for (const pk of keys) await run(`INSERT INTO hash VALUE {'pk':'${pk}'}`);
    const Statement = `SELECT pk FROM hash WHERE pk IN [${keys.map((pk) => `'${pk}'`).join(', ')}]`;
    const pages: string[][] = [];
    let NextToken: unknown;
    do {
      const page = await tested.call('ExecuteStatement', {
        Statement,
        ...(NextToken ? { NextToken } : {}),
      });
      pages.push((page['Items'] as { pk: { S: string } }[]).map(({ pk }) => pk.S));
      NextToken = page['NextToken'];
    } while (NextToken !== undefined);
    assert.deepEqual(pages, [keys.slice(0, 10), keys.slice(10, 20), keys.slice(20)]);
  });

  it('takes the functions of update and condition expressions', async () => {
    const values = await run(`INSERT INTO hash VALUE {'pk':'f','n':1}`);
    assert.deepEqual(values, []);
    const update = `UPDATE hash SET c = if_not_exists(c, 5) + n, d = if_not_exists(e, n)`;
    assert.deepEqual(
      await run(`${update} WHERE pk = 'f' AND attribute_exists(n) RETURNING MODIFIED NEW *`),
      [{ c: { N: '6' }, d: { N: '1' } }],
    );
    const where = (test: string) => run(`SELECT pk FROM hash WHERE pk = 'f' AND ${test}`);
    for (const test of ['c IS NUMERIC', 'pk IS STRING', 'c IS NOT LIST', 'x IS MISSING']) {
      assert.deepEqual(await where(test), [{ pk: { S: 'f' } }], test);
    }
    assert.deepEqual(await where('attribute_not_exists(c)'), []);
  });

  it('updates paths, lists and sets, and returns what is asked for', async () => {
    await run(`INSERT INTO hash VALUE {'pk':'u','n':1,'l':[1],'s':<<'a','b'>>,'m':{'x':1},'z':0}`);
    const update = (what: string) => run(`UPDATE hash ${what}`);
    assert.deepEqual(
      await update(`SET n = n + 2 SET l = list_append(l, [2]), m.y = 'new' REMOVE z
        SET s = set_add(s, <<'c'>>) WHERE pk = 'u' AND n = 1 RETURNING ALL NEW *`),
      [
        {
          pk: { S: 'u' },
          n: { N: '3' },
          l: { L: [{ N: '1' }, { N: '2' }] },
          s: { SS: ['a', 'b', 'c'] },
          m: { M: { x: { N: '1' }, y: { S: 'new' } } },
        },
      ],
    );
    assert.deepEqual(
      await update(`SET s = set_delete(s, <<'a','b'>>) WHERE pk = 'u' RETURNING MODIFIED NEW *`),
      [{ s: { SS: ['c'] } }],
    );
    assert.deepEqual(await update(`SET n = 9 WHERE pk = 'u' RETURNING MODIFIED OLD *`), [
      { n: { N: '3' } },
    ]);
    assert.deepEqual(await update(`SET n = 10 WHERE pk = 'u'`), []);
  });

  it('updates only what is there and meets the condition', async () => {
    const failed = 'ConditionalCheckFailedException: The conditional request failed';
    assert.equal(await problem(`UPDATE hash SET n = 1 WHERE pk = 'none'`), failed);
    assert.equal(await problem(`UPDATE hash SET n = 1 WHERE pk = 'u' AND n > 100`), failed);
    const mandatory =
      'ValidationException: Where clause does not contain a mandatory equality on all key attributes';
    assert.equal(await problem('UPDATE hash SET n = 1'), mandatory);
    assert.equal(await problem(`UPDATE range SET n = 1 WHERE pk = 'u'`), mandatory);
    assert.equal(await problem(`DELETE FROM hash WHERE n = 1`), mandatory);
    assert.match(await problem(`UPDATE hash SET pk = 'v' WHERE pk = 'u'`), /part of the key/);
    assert.match(await problem(`UPDATE hash SET n=1 SET n=2 WHERE pk = 'u'`), /paths overlap/);
  });

  it('deletes, and nothing where there is nothing', async () => {
    await run(`INSERT INTO hash VALUE {'pk':'d','n':1}`);
    assert.match(await problem(`DELETE FROM hash WHERE pk = 'd' AND n = 2`), /^ConditionalCheck/);
    assert.deepEqual(await run(`DELETE FROM hash WHERE pk = 'd' AND n = 1 RETURNING ALL OLD *`), [
      { pk: { S: 'd' }, n: { N: '1' } },
    ]);
    assert.deepEqual(await run(`DELETE FROM hash WHERE pk = 'd'`), []);
    assert.deepEqual(await run(`DELETE FROM hash WHERE pk = 'd' AND n = 1`), []);
  });
});

describe('what is no statement', () => {
  it('is told in words', async () => {
    const start = "ValidationException: Statement wasn't well formed, can't be processed: ";
    assert.equal(await problem('HELLO'), `${start}Expected data manipulation`);
    assert.equal(await problem('SELECT * FROM'), `${start}Unexpected end of statement`);
    for (const text of [
      'SELECT * FROM a WHERE',
      'SELECT FROM a',
      "SELECT * FROM range WHERE pk = 'a",
      'SELECT * FROM range WHERE pk',
      'SELECT * FROM range WHERE pk = (pk = 1)',
      `INSERT INTO range VALUE {'a' 1}`,
      `SELECT * FROM range WHERE ${'('.repeat(3000)}`,
      `SELECT * FROM range WHERE a = ${'['.repeat(3000)}`,
      `SELECT * FROM range WHERE ${'NOT '.repeat(1500)} a = 1`,
    ]) {
      assert.ok((await problem(text)).startsWith(start), text);
    }
    assert.match(await problem(`SELECT * FROM hash WHERE pk = ?`), /Number of parameters/);
    assert.match(await problem(`SELECT * FROM hash`, [{ S: 'x' }]), /Number of parameters/);
    assert.match(
      await problem(`SELECT * FROM hash WHERE x = <<>>`),
      /Empty bags are not supported at 1:30:2/,
    );
    assert.equal(
      await problem('SELECT * FROM nothing'),
      'ResourceNotFoundException: Requested resource not found',
    );
    assert.equal(
      await problem('SELECT *\n FROM range LIMIT 1'),
      'ValidationException: Unsupported clause: LIMIT at 2:13:5',
    );
    const many = Array.from({ length: 51 }, (_, i) => `'${i}'`).join(', ');
    assert.match(await problem(`SELECT * FROM hash WHERE pk IN [${many}]`), /too many operands/);
    assert.deepEqual(await run(`SELECT * FROM range WHERE pk = 'a' AND x IN [${many}]`), []);
    assert.match(await problem(''), /1 validation error detected: Value '' at 'statement'/);
  });
});

describe('BatchExecuteStatement', () => {
  it('answers each statement for itself', async () => {
    for (const pk of ['b2', 'b3']) await run(`INSERT INTO hash VALUE {'pk':'${pk}'}`);
    const again = { Statement: `INSERT INTO hash VALUE {'pk':'b1'}` };
    assert.equal(
      await tested.problem('BatchExecuteStatement', { Statements: [again, again] }),
      'ValidationException: Provided list of item keys contains duplicates',
    );
    const Statements = [
      again,
      { Statement: `INSERT INTO hash VALUE {'pk':'b2'}` },
      {
        Statement: `UPDATE hash SET n = 1 WHERE pk = 'b3' AND n = 5`,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
      { Statement: `DELETE FROM nothing WHERE pk = 'b1'` },
      { Statement: 'NONSENSE' },
    ];
    const { Responses } = await tested.call('BatchExecuteStatement', { Statements });
    const codes = (Responses as { Error?: { Code: string } }[]).map(({ Error: e }) => e?.Code);
    assert.deepEqual(codes, [
      undefined,
      'DuplicateItem',
      'ConditionalCheckFailed',
      'ResourceNotFound',
      'ValidationError',
    ]);
    assert.deepEqual((Responses as { Error?: { Item?: unknown } }[])[2]?.Error?.Item, {
      pk: { S: 'b3' },
    });
  });

  it('reads items by their keys, and does not mix reads and writes', async () => {
    const read = (where: string) => ({ Statement: `SELECT sk FROM range WHERE ${where}` });
    const output = await tested.call('BatchExecuteStatement', {
      Statements: [read(`pk='a' AND sk=1`), read(`pk='a' AND sk=99`), read(`pk='a'`)],
      ReturnConsumedCapacity: 'TOTAL',
    });
    assert.deepEqual(output['Responses'], [
      { TableName: 'range', Item: { sk: { N: '1' } } },
      { TableName: 'range' },
      {
        Error: {
          Code: 'ValidationError',
          Message:
            'Select statements within BatchExecuteStatement must specify the primary key in the ' +
            'where clause.',
        },
      },
    ]);
    assert.deepEqual(output['ConsumedCapacity'], [{ TableName: 'range', CapacityUnits: 1 }]);
    const mixed = [read(`pk='a' AND sk=1`), { Statement: `DELETE FROM hash WHERE pk='x'` }];
    assert.match(await tested.problem('BatchExecuteStatement', { Statements: mixed }), /read/);
  });
});

describe('ExecuteTransaction', () => {
  const transact = (statements: string[], more: object = {}) => ({
    TransactStatements: statements.map((Statement) => ({ Statement })),
    ...more,
  });

  it('does all or nothing, with reasons in order', async () => {
    const statements = [
      `EXISTS(SELECT * FROM range WHERE pk='a' AND sk=1 AND even=false)`,
      `INSERT INTO hash VALUE {'pk':'t1','n':1}`,
      `UPDATE range SET n=1 WHERE pk='a' AND sk=2`,
    ];
    const input = transact(statements, { ClientRequestToken: 'token' });
    assert.deepEqual(await tested.call('ExecuteTransaction', input), { Responses: [{}, {}, {}] });
    assert.deepEqual(await tested.call('ExecuteTransaction', input), { Responses: [{}, {}, {}] });
    assert.match(
      await tested.problem('ExecuteTransaction', {
        ...transact(statements.slice(1)),
        ClientRequestToken: 'token',
      }),
      /^IdempotentParameterMismatch/,
    );
    const failure = await tested.failure(
      'ExecuteTransaction',
      transact([
        `INSERT INTO hash VALUE {'pk':'t2'}`,
        `INSERT INTO hash VALUE {'pk':'t1'}`,
        `EXISTS(SELECT * FROM range WHERE pk='a' AND sk=1 AND even=true)`,
      ]),
    );
    assert.equal(
      failure.message,
      'Transaction cancelled, please refer cancellation reasons for specific reasons ' +
        '[None, DuplicateItem, ConditionalCheckFailed]',
    );
    assert.deepEqual(await run(`SELECT * FROM hash WHERE pk = 't2'`), []);
  });

  it('reads a consistent set, and does not mix', async () => {
    const read = `SELECT n FROM range WHERE pk='a' AND sk=2`;
    assert.deepEqual(await tested.call('ExecuteTransaction', transact([read])), {
      Responses: [{ Item: { n: { N: '1' } } }],
    });
    const mixed = transact([read, `DELETE FROM hash WHERE pk='t1'`]);
    assert.match(await tested.problem('ExecuteTransaction', mixed), /read/);
    assert.match(await tested.problem('ExecuteTransaction', transact([read, read])), /one item/);
  });
});
