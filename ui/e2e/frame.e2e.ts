/** What holds on every screen: keyboard, search, themes, live changes, and a server that goes away. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Finding, Lag, List } from '../src/lib/api/types';
import { SCREENS } from '../src/lib/state/routes';
import { close, launch, visiting } from './page';
import { Way } from './way';

beforeAll(launch);
afterAll(close);

test('the keyboard goes everywhere', async () => {
  await visiting('/setup', {}, async (visit) => {
    const { page } = visit;
    for (const { key, path, title } of SCREENS) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await expect.poll(() => visit.at).toBe(path);
      expect(await page.locator('nav a[aria-current]').innerText()).toContain(title);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('next, previous row').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });
});

test('j and k move among rows, Enter opens, Escape closes', async () => {
  await visiting('/drops', {}, async (visit) => {
    const { page } = visit;
    const focused = () => page.evaluate(() => [...document.querySelectorAll('main [data-row]')].indexOf(document.activeElement as Element));
    for (const [key, at] of [['j', 0], ['j', 1], ['j', 2], ['k', 1]] as const) {
      await page.keyboard.press(key);
      expect(await focused()).toBe(at);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('complementary', { name: 'Evidence' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Evidence' }).waitFor({ state: 'detached' });
  });
});

test('single keys can be switched off, and are off in inputs', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    await page.keyboard.press('/');
    await page.keyboard.type('gd?');
    expect(await page.getByRole('combobox', { name: 'Search' }).inputValue()).toBe('gd?');
    expect(visit.at).toBe('/');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Keyboard map' }).click();
    await page.getByLabel('single keys do something').uncheck();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    expect(visit.at).toBe('/');
    await page.keyboard.press('Control+k');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Search');
  });
});

test('the search box says how it understands, and goes there', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    const search = page.getByRole('combobox', { name: 'Search' });
    const { items } = await visit.api<List<Finding>>('/drops');
    const drop = items[0] as Finding;
    await search.fill(`${drop.topic}[${drop.partition}]@${drop.from}`);
    await page.getByRole('option', { name: `position ${drop.topic}/${drop.partition}@${drop.from}` }).waitFor();
    await search.press('Enter');
    await expect.poll(() => visit.at).toBe(`/m/${drop.topic}/${drop.partition}/${drop.from}`);
    await search.fill('fraud');
    await page.getByRole('option', { name: 'group fraud-check' }).waitFor();
    await search.press('ArrowDown');
    await search.press('Enter');
    await expect.poll(() => visit.at).toBe('/find?q=fraud');
    await search.fill('x-order=8841');
    await search.press('Enter');
    await expect.poll(() => visit.at).toBe('/find?q=x-order%3D8841');
    // The answer of the search before may still stand there.
    await expect.poll(() => page.getByRole('region', { name: 'Found' }).innerText()).toMatch(/header[^]*No record matches\.[^]*none in what is indexed/);
  });
});

test('a trace leads along its way', async () => {
  await visiting('/', {}, async (visit) => {
    const { page } = visit;
    const { items } = await visit.api<List<Lag>>('/lag?group=shipping');
    const paid = items.find((l) => l.topic === 'payments' && l.committed) as Lag;
    await page.goto(`/m/payments/${paid.partition}/${(paid.committed ?? 0) - 1}`);
    const way = page.getByRole('region', { name: 'The same trace, in order' });
    await way.locator('a[aria-current]').waitFor();
    const places = await way.locator('a').allInnerTexts();
    expect(places.map((place) => place.split('/')[0])).toEqual(['orders', 'payments', 'shipments']);
    await way.locator('a').last().click();
    await expect.poll(() => visit.at).toMatch(/^\/m\/shipments\/\d\/\d+$/);
    await way.locator('a[aria-current]').filter({ hasText: places[2] }).waitFor();
  });
});

test('the theme follows the system, can be chosen, and is remembered', async () => {
  await visiting('/', { theme: 'dark' }, async ({ page }) => {
    const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Theme: system' }).click();
    expect(await theme()).toBe('light');
    await page.reload();
    expect(await theme()).toBe('light');
    await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  });
});

test('figures change without a reload, and rows stay where they are while somebody is among them', async () => {
  await visiting('/lag', {}, async (visit) => {
    const { page } = visit;
    const figures = () => page.locator('tbody td:nth-child(5)').allInnerTexts();
    const places = () => page.locator('tbody td:nth-child(2)').allInnerTexts();
    await page.locator('tbody tr').first().hover();
    await page.waitForTimeout(300);
    const [before, order] = [await figures(), await places()];
    await expect.poll(figures, { timeout: 20_000 }).not.toEqual(before);
    expect(await places()).toEqual(order);
  });
});

test('a server that goes away is told, what was known stays, and it comes back by itself', async () => {
  const way = new Way(new URL(inject('url')));
  const url = await way.open();
  await visiting(url, {}, async ({ page }) => {
    await page.getByText('● live').waitFor();
    const rows = await page.locator('main a[data-row]').count();
    await way.cut();
    const banner = page.getByRole('alert').filter({ hasText: 'whither does not answer' });
    await banner.waitFor();
    expect(await page.locator('main a[data-row]').count()).toBe(rows);
    await page.keyboard.press('g');
    await page.keyboard.press('l');
    await page.getByText('This comes as soon as whither answers again.').waitFor();
    await way.open();
    await banner.waitFor({ state: 'detached' });
    await page.getByText('● live').waitFor();
    await page.locator('tbody tr').first().waitFor();
  });
  await way.cut();
});

test('a table of ten thousand rows scrolls, with a few of them drawn', async () => {
  await visiting('/lag', {}, async (visit) => {
    const { page } = visit;
    const { items } = await visit.api<List<Lag>>('/lag');
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...items[i % items.length], topic: `t${i}` }));
    await page.route('**/api/whither/v1/lag?*', (route) => route.fulfill({ json: { items: many, next: null } }));
    await page.goto('/lag?sort=partition');
    await page.getByText('t0/').waitFor();
    expect(await page.locator('tbody tr').count()).toBeLessThan(200);
    const began = Date.now();
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.getByText('t9999/').waitFor();
    expect(Date.now() - began).toBeLessThan(2000);
    expect(await page.locator('tbody tr').count()).toBeLessThan(200);
    await page.locator('tbody a[data-row]').last().focus();
    await page.keyboard.press('k');
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-row'))).toBe(true);
  });
});

test('a page that nobody sees lets its stream go, and takes it up again', async () => {
  await visiting('/', {}, async ({ page }) => {
    const streams: string[] = [];
    page.on('request', (r) => r.url().endsWith('/events/stream') && streams.push('opened'));
    page.on('requestfailed', (r) => r.url().endsWith('/events/stream') && streams.push('closed'));
    const show = (state: 'visible' | 'hidden') => page.evaluate((to) => {
      Object.defineProperty(document, 'visibilityState', { get: () => to, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
    await page.clock.install();
    await page.reload();
    await expect.poll(() => streams).toEqual(['closed', 'opened']);
    await show('hidden');
    await page.clock.fastForward(61_000);
    await expect.poll(() => streams).toEqual(['closed', 'opened', 'closed']);
    await show('visible');
    await expect.poll(() => streams).toEqual(['closed', 'opened', 'closed', 'opened']);
  });
});
