/** Every screen, in both themes: it answers, is accessible, asks nobody else, and is kept as a picture. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding, Lag, List, Range, Ranges } from '../src/lib/api/types';
import { close, launch, Visit, visiting } from './page';

beforeAll(launch);
afterAll(close);

/** Addresses with something to show, taken from what the demo lost. */
async function addresses(): Promise<Record<string, string>> {
  const visit = await Visit.to('/');
  const drops = await visit.api<List<Finding>>('/drops');
  const lag = await visit.api<List<Lag>>('/lag');
  await visit.end();
  const drop = drops.items[0] as Finding;
  const late = lag.items.toSorted((a, b) => (b.lag_records ?? 0) - (a.lag_records ?? 0))[0] as Lag;
  const around = `group=${drop.group}&partition=${drop.partition}&from=${Math.max(0, drop.from - 60)}&to=${drop.to + 120}`;
  return {
    overview: '/', drops: '/drops', evidence: `/drops?drop=${drop.id}`, notes: '/drops?shown_as=all&by=topic', drop: `/drops/${drop.id}`,
    lag: '/lag', 'lag-history': `/lag?at=${late.topic}/${late.partition}@${late.group}`, topics: '/topics', topic: `/topics/${drop.topic}`,
    'topic-zoomed': `/topics/${drop.topic}?${around}`, 'topic-table': `/topics/${drop.topic}?${around}&as=table`,
    groups: '/groups', group: `/groups/${drop.group}`, message: `/m/${late.topic}/${late.partition}/${Math.max(0, (late.end ?? 0) - 50)}`,
    'dead-letters': '/dead-letters', setup: '/setup', find: '/find?q=order-5', 'not-found': '/find?q=there-is-no-such-key',
    'no-topic': '/topics/there-is-no-such-topic',
  };
}

let all: Record<string, string>;
beforeAll(async () => {
  all = await addresses();
});
const NAMES = [
  'overview', 'drops', 'evidence', 'notes', 'drop', 'lag', 'lag-history', 'topics', 'topic', 'topic-zoomed', 'topic-table', 'groups', 'group',
  'message', 'dead-letters', 'setup', 'find', 'not-found', 'no-topic',
];

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  test.each(NAMES)('%s', async (name) => {
    await visiting(all[name] ?? '', { theme }, async (visit) => {
      expect(await visit.page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme);
      await visit.page.waitForTimeout(300);
      await visit.screenshot(`${name}-${theme}`);
      expect(await visit.inaccessible()).toEqual([]);
    });
  });
});

test.each(NAMES)('%s fits a telephone', async (name) => {
  await visiting(all[name] ?? '', { width: 320, height: 640 }, async (visit) => {
    await visit.screenshot(`${name}-narrow`);
    expect(await visit.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  });
});

test('the first load is small', async () => {
  await visiting('/', {}, async ({ page }) => {
    const files = await page.evaluate(() => performance.getEntriesByType('resource').map((r) => r.name).filter((n) => /\.(js|css|svg)$/.test(n)));
    const bodies = await Promise.all([...files, '/'].map(async (file) => (await page.request.get(file)).body()));
    expect(files.length).toBeGreaterThan(1);
    expect(bodies.reduce((sum, body) => sum + gzipSync(body).length, 0)).toBeLessThan(150_000);
  });
});

test('strips add up on every partition and for every group', async () => {
  await visiting('/', {}, async (visit) => {
    const lag = await visit.api<List<Lag>>('/lag');
    for (const { group, topic, partition } of lag.items) {
      const { from, to, items } = await visit.api<Ranges>(`/topics/${topic}/${partition}/ranges?group=${group}&points=1000`);
      const end = items.reduce((at: number, range: Range) => {
        expect(range.from, `${group} ${topic}/${partition}`).toBe(at);
        return range.to;
      }, from);
      expect(end).toBe(to);
    }
  });
});
