/** Tells the process that started vitest how many tests passed, failed and were skipped. */
export default class CountReporter {
  /** @param {import('vitest/node').TestModule[]} modules */
  onTestRunEnd(modules) {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) counts[test.result().state] += 1;
      // A file that cannot be loaded has no tests to fail.
      if (module.state() === 'failed' && !tests.some((test) => !test.ok())) counts.failed += 1;
    }
    process.send?.(counts);
  }
}
