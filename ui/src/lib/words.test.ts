import { expect, test } from 'vitest';
import * as answer from './answer';
import type { Lag, Status } from './api/types';
import { cli, curl, shell } from './commands';
import { CERTAINTIES, isLost, listed, LOOKS, lostOf, ORDER } from './verdict';

const status = {
  caught_up: true, residual: 0, records_read: 12, topics: 24, groups: 1, brokers: 3,
  totals: { records: 100, verdicts: { delivered: 97, expired: 3 } }, lost: { last_hour: 3, last_day: 3, all: 3 },
} as unknown as Status;

test('the overview answers in words, and owns what it does not know', () => {
  expect(answer.overview(status)).toBe('3 records were lost in the last hour. Every other one is accounted for.');
  const well = { ...status, lost: { last_hour: 0, last_day: 3, all: 3 } };
  expect(answer.overview(well)).toBe('Nothing was lost in the last hour. Every one is accounted for.');
  const unread = { ...well, totals: { records: 100, verdicts: { delivered: 99, unread: 1 } } };
  expect(answer.overview(unread)).toBe('Nothing was lost in the last hour. What became of 1 record is not known.');
  expect(answer.overview({ ...status, residual: -2 })).toContain('fault of whither');
  expect(answer.overview({ ...status, caught_up: false })).toContain('Still reading');
  expect(answer.overview({ ...status, totals: { records: 0, verdicts: {} } })).toContain('no group has a position');
});

test('the lag answers with what is most urgent', () => {
  const row = { group: 'billing', topic: 'orders', partition: 1, state: 'ok', loses_data_in_seconds: null } as Lag;
  expect(answer.lag([row])).toBe('Every group keeps up.');
  expect(answer.lag([{ ...row, state: 'falling_behind' }])).toBe('billing falls behind on 1 partition.');
  expect(answer.lag([row, { ...row, loses_data_in_seconds: 720 }])).toBe('billing loses data of orders/1 in 12 min at this pace.');
});

test('losses are totalled, with at most where it is so', () => {
  const one = { records: 12, at_most: false, group: 'a', cause: 'retention_time' };
  expect(answer.drops([one, { ...one, group: 'b' }], false)).toBe('24 records in 2 places, for 2 groups, by 1 cause.');
  expect(answer.drops([{ ...one, at_most: true }], false)).toMatch(/^At most 12 records/);
});

test('every verdict has one look and one place in the order', () => {
  expect([...ORDER].sort()).toEqual(Object.keys(LOOKS).sort());
  expect(lostOf({ delivered: 5, expired: 2, skipped: 1, superseded: 9, unknown: 4 })).toBe(3);
  expect(isLost('aborted')).toBe(false);
  expect(listed({ unknown: 1, delivered: 2, expired: 0 })).toEqual([['delivered', 2], ['unknown', 1]]);
  expect(Object.keys(CERTAINTIES)).toHaveLength(4);
});

test('commands can be pasted into a shell', () => {
  const origin = 'http://127.0.0.1:8080';
  expect(cli(['drops'], { group: 'billing', topic: null }, origin)).toBe('whither drops --group billing');
  expect(cli(['where', 'orders/3@5'], {}, 'http://h:9')).toBe('whither where orders/3@5 --server http://h:9');
  expect(shell("it's $(rm)")).toBe(String.raw`'it'\''s $(rm)'`);
  expect(shell('--execute')).toBe("'--execute'");
  expect(curl('/drops', { group: 'a b' }, origin)).toBe("curl -s 'http://127.0.0.1:8080/api/whither/v1/drops?group=a+b'");
});
