/** What is used of it: TypeScript has it in its library for browsers alone. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
  RuntimeError: new () => Error;
};
