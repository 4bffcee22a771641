import { expect, test } from 'vitest';
import type { Range } from './api/types';
import { cells, paint, segments, sum, sumWords, zoomed } from './strip';

const range = (from: number, to: number, kind: Range['kind'], verdict: Range['verdict'] = null): Range =>
  ({ from, to, records: to - from, kind, verdict, certainty: null, cause: null });

const items = [
  range(0, 10, 'gone'), range(10, 100, 'records', 'delivered'), range(100, 101, 'hole'),
  range(101, 110, 'records', 'expired'), range(110, 114, 'hole'), range(114, 200, 'records', 'in_flight'),
];

test('segments cover the strip, and a loss is never too narrow to be seen', () => {
  const all = segments(items, 0, 200);
  expect(all).toHaveLength(6);
  expect(all[1]).toMatchObject({ left: 0.05, width: 0.45, paint: { tone: 'delivered' } });
  const tiny = segments([range(999_999, 1_000_000, 'records', 'deleted')], 0, 1_000_000);
  expect(tiny[0]?.width).toBeGreaterThanOrEqual(0.004);
  expect((tiny[0]?.left ?? 1) + (tiny[0]?.width ?? 1)).toBeLessThanOrEqual(1);
  expect(segments(items, 120, 140)).toEqual([expect.objectContaining({ left: 0, width: 1 })]);
});

test('a range is painted by its verdict, or by what it is', () => {
  expect(paint(range(0, 1, 'gone', 'expired')).tone).toBe('lost');
  expect(paint(range(0, 1, 'gone')).tone).toBe('gone');
  expect(paint(range(0, 1, 'hole', 'delivered')).tone).toBe('hole');
  expect(paint(range(0, 1, 'unread', 'unread')).tone).toBe('unread');
  expect(paint(range(0, 1, 'aborted')).word).toBe('aborted');
});

test('the sum is written out and says when it does not hold', () => {
  const s = sum(items, 5, 115);
  expect(s).toMatchObject({ width: 110, told: 110, holds: true, records: 90 + 9 + 1 });
  expect(s.parts.map((p) => [p.paint.word, p.n])).toEqual([
    ['delivered', 90], ['in flight', 1], ['expired', 9], ['gone from the log', 5], ['marker or hole', 5],
  ]);
  expect(sumWords(s)).toBe('90 + 1 + 9 + 5 + 5 = 110 offsets, adds up');
  expect(sumWords(sum(items.slice(1), 0, 200))).toContain('10 are told nowhere');
  expect(sumWords(sum([...items, range(0, 3, 'hole')], 0, 200))).toContain('3 are told twice');
});

test('cells are one for each offset', () => {
  const all = cells(items, 98, 112);
  expect(all).toHaveLength(14);
  expect(all.map((c) => c?.tone)).toEqual(['delivered', 'delivered', 'hole', ...Array(9).fill('lost'), 'hole', 'hole']);
  expect(cells([], 0, 2)).toEqual([null, null]);
});

test('zooming stays within the log and has an end', () => {
  const log = { from: 0, to: 10_000 };
  expect(zoomed(0, 10_000, 5_000, 0.1, log)).toEqual({ from: 4500, to: 5500 });
  expect(zoomed(0, 10_000, 0, 0.1, log)).toEqual({ from: 0, to: 1000 });
  expect(zoomed(0, 100, 50, 0.001, log)).toEqual({ from: 30, to: 70 });
  expect(zoomed(4500, 5500, 5000, 100, log)).toEqual(log);
});
