/** The ways people take through the page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding, Lag, List, Status } from '../src/lib/api/types';
import { count } from '../src/lib/format/numbers';
import { close, launch, visiting } from './page';

beforeAll(launch);
afterAll(close);

test('the overview answers first, and its bar is made of all records', async () => {
  await visiting('/', {}, async (visit) => {
    await expect.poll(() => visit.heading.innerText()).toMatch(/^[\d,]+ records? w(as|ere) lost in the last hour\./);
    const { lost } = await visit.api<Status>('/status');
    expect(Number((await visit.heading.innerText()).replace(/\D/g, ''))).toBeLessThanOrEqual(lost.all);
    await visit.page.getByRole('region', { name: 'What is wrong, worst first' }).locator('a[data-row]').first().click();
    await visit.settled();
    expect(visit.at).toMatch(/^\/drops\?/);
  });
});

test('a drop opens its evidence at the side, keeps it in the address, and has a permalink', async () => {
  await visiting('/drops', {}, async (visit) => {
    const { page } = visit;
    await page.locator('main a[data-row]').first().click();
    const panel = page.getByRole('complementary', { name: 'Evidence' });
    await panel.waitFor();
    expect(visit.at).toMatch(/^\/drops\?drop=\w+$/);
    expect(await panel.innerText()).toMatch(/Next:[^]*Evidence[^]*(LOG|COMMITS)/);
    await page.reload();
    await panel.waitFor();
    await panel.getByRole('link', { name: 'permalink' }).click();
    await page.getByRole('heading', { name: 'What was said of it, newest first' }).waitFor();
    expect(visit.at).toMatch(/^\/drops\/\w+$/);
    await page.goBack();
    await panel.waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(visit.at).toBe('/drops');
  });
});

test('filters narrow the drops, stand in the address and in the copied command', async () => {
  await visiting('/drops?cause=delete_records', {}, async (visit) => {
    const { items } = await visit.api<List<Finding>>('/drops?cause=delete_records');
    const rows = visit.page.locator('main a[data-row]');
    await expect.poll(() => rows.count()).toBeGreaterThanOrEqual(items.length);
    expect((await rows.allInnerTexts()).every((text) => text.includes('deleted'))).toBe(true);
    await visit.page.getByRole('combobox', { name: 'time' }).selectOption({ label: 'last 1 h' });
    expect(visit.at).toMatch(/since=20\d\d-/);
    await visit.page.getByRole('button', { name: 'Copy as CLI' }).click();
    const command = await visit.page.evaluate(() => navigator.clipboard.readText());
    expect(command).toMatch(/^whither drops --cause delete_records --since 20\d\d-/);
    await visit.page.getByRole('combobox', { name: 'cause' }).selectOption('');
    expect(visit.at).not.toContain('cause');
  });
});

test('the lag sorts by its heads and shows where a position is heading', async () => {
  await visiting('/lag', {}, async (visit) => {
    const { page } = visit;
    await page.getByRole('button', { name: 'log end' }).click();
    expect(visit.at).toBe('/lag?sort=end');
    await page.mouse.move(0, 0);
    const ends = (await page.locator('tbody tr td:nth-child(5)').allInnerTexts()).map(Number);
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
    await page.locator('tbody a[data-row]').first().click();
    const canvas = page.locator('.uplot canvas');
    await canvas.waitFor();
    const inked = () => canvas.evaluate((c: HTMLCanvasElement) => new Set(new Uint32Array(c.getContext('2d')?.getImageData(0, 0, c.width, c.height).data.buffer ?? new ArrayBuffer(0))).size);
    await expect.poll(inked).toBeGreaterThan(20);
    await page.keyboard.press('v');
    await page.getByRole('columnheader', { name: 'log start' }).waitFor();
    expect(visit.at).toMatch(/as=table/);
  });
});

test('a strip is looked at closer and closer, down to one message', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    const { items } = await visit.api<List<Finding>>('/drops?cause=offset_reset');
    const drop = items[0] as Finding;
    await page.goto(`/topics/${drop.topic}?group=${drop.group}`);
    await visit.settled();
    await page.locator('.strip').nth(drop.partition).click({ position: { x: 200, y: 12 } });
    await page.getByText(/adds up$/).waitFor();
    expect(visit.at).toMatch(/partition=\d+&from=\d+&to=\d+/);
    await page.goto(`/topics/${drop.topic}?group=${drop.group}&partition=${drop.partition}&from=${drop.from - 5}&to=${drop.to + 5}`);
    await page.locator('.cells').waitFor();
    expect(await page.locator('.cells i').count()).toBe(drop.to - drop.from + 10);
    expect(await page.locator('.cells .b-skipped').count()).toBe(drop.records);
    expect(await page.getByText(/adds up$/).innerText()).toContain(`= ${count(drop.to - drop.from + 10)} offsets`);
    expect(await page.getByRole('complementary', { name: 'Evidence' }).innerText()).toContain(`${drop.topic}/${drop.partition}`);
    await page.locator(`.cells [data-offset="${drop.from}"]`).click();
    await visit.settled();
    expect(visit.at).toBe(`/m/${drop.topic}/${drop.partition}/${drop.from}`);
    expect(await page.getByLabel('What became of it').innerText()).toContain(`Lost for ${drop.group}`);
  });
});

test('a group shows positions, members, commits and what was found', async () => {
  await visiting('/drops?cause=offset_reset', {}, async (visit) => {
    const { items } = await visit.api<List<Finding>>('/drops?cause=offset_reset');
    await visit.page.goto(`/groups/${items[0]?.group}`);
    await visit.settled();
    expect(await visit.heading.innerText()).toMatch(/: [\d,]+ lost/);
    for (const name of ['Positions', 'What was found', 'Who committed when', 'Members']) await visit.page.getByRole('heading', { name, exact: true }).waitFor();
    await visit.page.getByRole('table', { name: 'Commits' }).getByText('not by a member').or(visit.page.getByRole('table', { name: 'Commits' }).locator('td').first()).first().waitFor();
  });
});

test('a message tells its end for each group with evidence, and its neighbours', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    const { items } = await visit.api<List<Lag>>('/lag');
    const at = items.find((l) => l.topic === 'orders') as Lag;
    const offset = (at.end ?? 0) - 10;
    await page.goto(`/m/${at.topic}/${at.partition}/${offset}`);
    await visit.settled();
    const rows = page.getByRole('region', { name: 'For each group, and how it is known' });
    await rows.locator('summary').filter({ hasText: at.group }).waitFor();
    await page.keyboard.press(']');
    await expect.poll(() => visit.at).toBe(`/m/${at.topic}/${at.partition}/${offset + 1}`);
    await page.getByRole('region', { name: 'Headers' }).getByText('traceparent').waitFor();
  });
});

test('dead letters lead to where they came from', async () => {
  await visiting('/dead-letters', {}, async (visit) => {
    await expect.poll(() => visit.heading.innerText(), { timeout: 60_000 }).toMatch(/dead letters? in 1 topic/);
    await visit.page.locator('tbody a[data-row]').first().click();
    await visit.settled();
    expect(visit.at).toMatch(/^\/m\/orders\/\d+\/\d+$/);
  });
});

test('a message of one’s own is followed until it is delivered, without a reload', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    await page.getByRole('textbox', { name: 'key' }).fill('my-very-own');
    await page.getByRole('button', { name: 'Send and follow' }).click();
    await page.waitForURL(/\/m\/orders\/\d+\/\d+$/);
    await page.getByLabel('What became of it').getByText(/^Delivered|^Waiting for audit; delivered/).waitFor({ timeout: 30_000 });
    await expect.poll(() => page.title()).toMatch(/^orders\/\d@\d+: (Delivered|Waiting)/);
  });
});

test('a message of one’s own is found by its key', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    const key = `my-own-${String(Date.now())}`;
    await page.getByRole('textbox', { name: 'key' }).fill(key);
    await page.getByRole('button', { name: 'Send and follow' }).click();
    await page.waitForURL(/\/m\/orders\/\d+\/\d+$/);
    const place = visit.at;
    await page.getByRole('combobox', { name: 'Search' }).fill(key);
    await page.getByRole('combobox', { name: 'Search' }).press('Enter');
    const found = page.getByRole('region', { name: 'Found' });
    await found.locator(`a[href="${place}"]`).click();
    await expect.poll(() => visit.at).toBe(place);
    await page.goto(`/find?q=nobody-${key}`);
    await found.getByText('no such record was produced in what was read').waitFor();
  });
});
