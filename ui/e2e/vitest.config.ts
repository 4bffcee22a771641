import { defineConfig } from 'vitest/config';

/** Against a real server: `WHITHER_URL`, or a `whither demo` started for the tests. */
export default defineConfig({
  test: {
    root: import.meta.dirname, include: ['**/*.e2e.ts'], globalSetup: ['./server.ts'],
    testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false, bail: 0,
  },
});
