/**
 * The bare limit: a node:http server that does the same work on LMDB as DynamoDB's answers need, and
 * nothing else. Same flags of the store, a commit per write, which is in the page cache when it is
 * answered; no signature, schema, expression, size or type is looked at.
 */
import { createServer } from 'node:http';
import { open } from 'lmdb';
import { temporaryFolder } from './servers.ts';

interface Text {
  readonly S: string;
}

interface Body {
  readonly Item: { readonly pk: Text; readonly sk: Text };
  readonly Key: { readonly pk: Text; readonly sk: Text };
  readonly ExpressionAttributeValues: Readonly<Record<string, { S?: string; N?: string }>>;
  readonly Limit?: number;
}

const store = open<string, string>({
  path: temporaryFolder(),
  noSubdir: false,
  encoding: 'string',
  overlappingSync: false,
  noSync: true,
});

const put = (key: string, value: string): void => {
  store.transactionSync(() => void store.put(key, value));
};
const keyOf = ({ pk, sk }: Body['Key']): string => `${pk.S}/${sk.S}`;

const operations: Readonly<Record<string, (body: Body) => string>> = {
  CreateTable: () => '{}',
  PutItem: ({ Item }) => {
    put(keyOf(Item), JSON.stringify(Item));
    return '{}';
  },
  GetItem: ({ Key }) => `{"Item":${store.get(keyOf(Key))}}`,
  UpdateItem: ({ Key, ExpressionAttributeValues: values }) => {
    const key = keyOf(Key);
    store.transactionSync(() => {
      const item = JSON.parse(store.get(key) ?? '{}');
      item.status = values[':s'];
      item.total = { N: String(Number(item.total.N) + Number(values[':one']?.N)) };
      store.put(key, JSON.stringify(item));
    });
    return '{}';
  },
  Query: ({ ExpressionAttributeValues: values, Limit: limit }) => {
    const pk = values[':p']?.S;
    const range = { start: `${pk}/`, end: `${pk}0`, ...(limit !== undefined && { limit }) };
    const items: string[] = [];
    for (const { value } of store.getRange(range)) items.push(value);
    return `{"Items":[${items.join(',')}],"Count":${items.length},"ScannedCount":${items.length}}`;
  },
};

const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const body = (pieces.length === 1 ? pieces[0] : Buffer.concat(pieces))?.toString();
    const target = String(request.headers['x-amz-target']);
    const text = operations[target.slice(target.indexOf('.') + 1)]?.(JSON.parse(body ?? ''));
    const bytes = Buffer.from(text ?? '');
    response.writeHead(text === undefined ? 501 : 200, {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': bytes.length,
    });
    response.end(bytes);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
