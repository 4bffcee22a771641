import { expect, test } from 'vitest';
import type { LagPoint } from './api/types';
import { series } from './forecast';

const point = (second: number, log_start: number, committed: number | null, end: number): LagPoint => ({
  at: new Date(Date.UTC(2026, 10, 21, 12, 0, second)).toISOString(), committed, end, log_start,
  lag_records: committed === null ? null : end - committed, lag_seconds: null,
});
const items = [point(0, 0, 100, 200), point(50, 50, 110, 300), point(100, 100, 120, 400)];
const slopes = { log_start_per_second: 1, committed_per_second: 0.2, end_per_second: 2 };

test('the forecast runs from the last point to where retention meets the group', () => {
  const { past, ahead } = series(items, { ...slopes, catches_up_at: null, loses_data_at: '2026-11-21T12:02:05.000Z' });
  expect(past.times).toHaveLength(4);
  expect(past.committed).toEqual([100, 110, 120, null]);
  expect(ahead.committed).toEqual([null, null, 120, 125]);
  expect(ahead.logStart).toEqual([null, null, 100, 125]);
});

test('what is far off is drawn as a direction only', () => {
  const { ahead } = series(items, { ...slopes, catches_up_at: '2027-11-21T12:00:00.000Z', loses_data_at: null });
  expect((ahead.times.at(-1) ?? 0) - (ahead.times.at(-2) ?? 0)).toBe(100);
});

test('no forecast, no line', () => {
  for (const forecast of [null, { ...slopes, catches_up_at: null, loses_data_at: null }]) {
    const { past, ahead } = series(items, forecast);
    expect(past.times).toHaveLength(3);
    expect(ahead.committed).toEqual([null, null, null]);
  }
  expect(series([], null).ahead.times).toEqual([]);
  expect(series([point(0, 0, null, 5)], { ...slopes, catches_up_at: '2026-11-21T12:01:00Z', loses_data_at: null }).ahead.times).toHaveLength(1);
});
