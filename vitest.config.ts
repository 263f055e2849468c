import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: [
      ...['node_modules/**', 'dist/**', 'dist.*/**', 'data/**', 'coverage/**'],
      // These take long or need a container engine, and are run by name.
      ...['test/faults/**', 'test/containers/**', 'bench/**'],
    ],
    globalSetup: 'test/set-up.ts',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // More than the two cores of a small machine only makes tests with a deadline late.
    maxWorkers: 2,
  },
});
