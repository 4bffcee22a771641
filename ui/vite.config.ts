import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync, readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const server = process.env.WHITHER_URL ?? 'http://127.0.0.1:8080';

/** The licences of what is built in, as they ask for: `licenses.txt`. */
function licenses(): Plugin {
  return {
    name: 'licenses',
    apply: 'build',
    generateBundle() {
      const packages = [...this.getModuleIds()].flatMap((id) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? []);
      const texts = [...new Set(packages)].sort().map((dir) => {
        const { name, version } = JSON.parse(readFileSync(`${dir}/package.json`, 'utf8')) as { name: string; version: string };
        const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
        if (!file) throw new Error(`${name} has no licence file`);
        return `${name} ${version}\n\n${readFileSync(`${dir}/${file}`, 'utf8').trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: texts.join('\n----\n\n') });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), licenses()],
  // Files, never data: URLs: the page's content security policy allows only its own origin.
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { host: '127.0.0.1', proxy: { '/api': server } },
  test: { include: ['src/**/*.test.ts'] },
});
