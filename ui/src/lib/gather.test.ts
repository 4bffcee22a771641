import { expect, test } from 'vitest';
import type { Finding } from './api/types';
import { gathered, worstFirst } from './gather';

const now = new Date('2026-11-21T14:00:00Z');
const finding = (part: Partial<Finding>): Finding => ({
  shown_as: 'loss', cause: 'offset_reset', verdict: 'skipped', group: 'fraud-check', topic: 'payments', partition: 0, records: 20,
  at_most: false, certainty: 'strong', first_seen: '2026-11-21T13:50:00Z', last_seen: '2026-11-21T13:59:00Z', ...part,
} as Finding);

test('one reset on many partitions is one thing, as sure as its least sure part', () => {
  const all = gathered([finding({}), finding({ partition: 1, records: 44, certainty: 'indicative', at_most: true }), finding({ group: 'audit' })]);
  expect(all).toHaveLength(2);
  expect(all[0]).toMatchObject({ records: 64, at_most: true, certainty: 'indicative', first: { partition: 1 } });
});

test('what is lost now stands first, what was lost long ago last', () => {
  const old = finding({ cause: 'delete_records', records: 1e6, first_seen: '2026-11-20T13:50:00Z' });
  const risk = finding({ shown_as: 'risk', cause: 'lagging', records: 9 });
  const order = worstFirst(gathered([old, risk, finding({}), finding({ topic: 'orders', records: 500 })]), now);
  expect(order.map((g) => [g.first.cause, g.records])).toEqual([['offset_reset', 500], ['offset_reset', 20], ['lagging', 9], ['delete_records', 1e6]]);
});
