/** A page in a real Chromium that notices what must not happen: errors, requests to other hosts, breaches of the policy. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';

export type Theme = 'light' | 'dark';
export interface How { theme?: Theme; width?: number; height?: number }

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENSHOTS = join(import.meta.dirname, 'screenshots');

let browser: Browser | undefined;

export async function launch(): Promise<void> {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

export async function close(): Promise<void> {
  await browser?.close();
}

export class Visit {
  private constructor(readonly page: Page, readonly context: BrowserContext, readonly wrong: string[]) {}

  static async to(path: string, { theme = 'light', width = 1400, height = 900 }: How = {}): Promise<Visit> {
    if (!browser) throw new Error('launch first');
    const context = await browser.newContext({ baseURL: inject('url'), viewport: { width, height }, colorScheme: theme, permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
    const { origin } = new URL(path, inject('url'));
    page.on('request', (r) => new URL(r.url()).origin === origin || wrong.push(`asked another host: ${r.url()}`));
    page.on('console', (m) => /Content.Security.Policy|Trusted/i.test(m.text()) && wrong.push(m.text()));
    await page.goto(path);
    const visit = new Visit(page, context, wrong);
    await visit.settled();
    return visit;
  }

  /** Everything that was asked for is there. */
  async settled(): Promise<void> {
    await this.page.locator('main h1, main h2').first().waitFor();
    await this.page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'));
  }

  get heading() {
    return this.page.locator('h1').first();
  }

  /** Path and query of the address. */
  get at(): string {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  async api<T>(path: string): Promise<T> {
    const answer = await this.page.request.get(`/api/whither/v1${path}`);
    expect(answer.ok(), `${path}: ${answer.status()}`).toBe(true);
    return (await answer.json()) as T;
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** What axe finds serious or critical. */
  async inaccessible(): Promise<string[]> {
    await this.page.evaluate(AXE);
    return this.page.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
      return violations
        .filter((v) => v.impact === 'serious' || v.impact === 'critical')
        .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(' ')} ${n.failureSummary ?? ''}`).join(' | ')}`);
    });
  }

  /** Ends the visit, and the test where something happened that must not. */
  async end(): Promise<void> {
    await this.context.close();
    expect(this.wrong).toEqual([]);
  }
}

/** A visit that ends with its test. */
export async function visiting(path: string, how: How, test: (visit: Visit) => Promise<void>): Promise<void> {
  const visit = await Visit.to(path, how);
  try {
    await test(visit);
  } catch (error) {
    await visit.screenshot('failed').catch(() => {});
    await visit.context.close();
    throw error;
  }
  await visit.end();
}
