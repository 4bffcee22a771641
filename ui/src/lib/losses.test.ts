import { expect, test } from 'vitest';
import type { Finding } from './api/types';
import { lossesOver } from './losses';

const now = Date.parse('2026-11-21T14:00:00Z');
const loss = (secondsAgo: number, records: number, verdict: Finding['verdict'] = 'expired') =>
  ({ shown_as: 'loss', verdict, records, first_seen: new Date(now - secondsAgo * 1000).toISOString() }) as Finding;

test('losses stand where they were found, in the shortest span that holds them', () => {
  const { slices, since, most } = lossesOver([loss(0, 5), loss(240, 7), loss(240, 3, 'skipped'), { ...loss(10, 99), shown_as: 'note' }], now);
  expect(since).toBe(now + 5000 - 300_000);
  expect(slices).toHaveLength(60);
  expect(slices[59]).toMatchObject({ lost: 5, skipped: 0 });
  expect(slices[11]).toMatchObject({ lost: 7, skipped: 3 });
  expect(slices.reduce((n, s) => n + s.lost + s.skipped, 0)).toBe(15);
  expect(most).toBe(10);
});

test('what is older than a day is left out, and nothing is nothing', () => {
  expect(lossesOver([loss(100_000, 5)], now).most).toBe(0);
  expect(lossesOver([loss(7200, 5)], now).since).toBe(now + 360_000 - 6 * 3_600_000);
  expect(lossesOver([], now)).toMatchObject({ since: now + 5000 - 300_000, most: 0 });
});

test('bars stand still while time goes on within a slice', () => {
  const findings = [loss(100, 5), loss(7, 4)];
  expect(lossesOver(findings, now + 4000).slices).toEqual(lossesOver(findings, now).slices);
});
