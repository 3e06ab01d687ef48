import assert from 'node:assert/strict';
import { it } from 'node:test';
import { eventOf, eventRecord, pendingRecord } from './stream-event.ts';

it("spells Time to Live's identity in Lambda's way", () => {
  const record = {
    eventName: 'REMOVE',
    dynamodb: { ApproximateCreationDateTime: 17, Keys: { pk: { S: 'a' } }, SequenceNumber: '1' },
    userIdentity: { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' },
  };
  const event = eventRecord(record, 'arn');
  const pending = pendingRecord(event, record);
  assert.equal(pending.createdMs, 17_000);
  assert.deepEqual(JSON.parse(Buffer.from(eventOf([pending, pending])).toString()), {
    Records: [event, event],
  });
  assert.deepEqual(event, {
    eventName: 'REMOVE',
    dynamodb: record.dynamodb,
    userIdentity: { principalId: 'dynamodb.amazonaws.com', type: 'Service' },
    eventSourceARN: 'arn',
  });
});
