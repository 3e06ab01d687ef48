/** `kill -9` of a region under load; `ORRERY_KILLS=200` for a campaign. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKillCampaign } from './kill-campaign.ts';

const kills = Number(process.env['ORRERY_KILLS'] ?? '5');

test(`${kills} kills lose nothing that was acknowledged`, async (context) => {
  const result = await runKillCampaign(kills);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.acknowledged > kills * 10, 'there was load');
  assert.ok(result.unanswered > 0, 'and kills hit it');
});
