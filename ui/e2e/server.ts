/** The server under test: the one at `WHITHER_URL`, or a demo of `WHITHER_BIN`, stopped by its own process at the end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext { url: string }
}

export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.WHITHER_URL;
  if (given) {
    await losses(given);
    project.provide('url', given);
    return async () => {};
  }
  const program = process.env.WHITHER_BIN ?? join(import.meta.dirname, '../../target/release/whither');
  const directory = mkdtempSync(join(tmpdir(), 'whither-e2e-'));
  const demo = spawn(program, ['demo'], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => demo.once('exit', () => done()));
  const begun = printed(demo).then(async (url) => (await losses(url), url));
  const url = await Promise.race([begun, ended.then(() => null)]);
  if (url === null) throw new Error(`${program} demo ended before it answered`);
  project.provide('url', url);
  return async () => {
    demo.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true });
  };
}

/** The address of its page, as it tells people. */
function printed(demo: ChildProcess): Promise<string> {
  return new Promise((found) => {
    if (!demo.stdout) throw new Error('no output to read');
    createInterface(demo.stdout).on('line', (line) => {
      const url = /http:\/\/[\w.:[\]-]+/.exec(line)?.[0];
      if (url) found(url);
    });
  });
}

/** Waits until the demo's mishaps have shown: the page has something to tell then. */
async function losses(url: string): Promise<void> {
  const wanted = ['offset_reset', 'delete_records'];
  for (;;) {
    const causes = await fetch(`${url}/api/whither/v1/drops`)
      .then((r) => r.json() as Promise<{ items: { cause: string }[] }>)
      .then(({ items }) => items.map((f) => f.cause), (): string[] => []);
    if (wanted.every((cause) => causes.includes(cause))) return;
    await new Promise((wait) => setTimeout(wait, 500));
  }
}
