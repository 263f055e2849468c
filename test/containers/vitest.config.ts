import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/containers/**/*.test.ts'],
    globalSetup: 'test/containers/set-up.ts',
    testTimeout: 300_000,
    hookTimeout: 600_000,
    // Each test measures, or fills, the whole machine.
    fileParallelism: false,
  },
});
