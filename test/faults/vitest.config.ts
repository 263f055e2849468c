import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts'],
    globalSetup: 'test/faults/set-up.ts',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Recovery is timed, and two systems on two cores would each be late.
    fileParallelism: false,
  },
});
