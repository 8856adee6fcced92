import { afterAll, describe, expect, it } from 'vitest';
import type { Json } from '../../../engine/model/json.js';
import { JavascriptSandbox, type Script } from './javascript-sandbox.js';

describe('JavascriptSandbox', () => {
  const sandbox = new JavascriptSandbox();
  const lines: string[] = [];
  afterAll(() => sandbox.onApplicationShutdown());

  function run(source: string, options: Partial<Script> = {}): Promise<Json> {
    lines.length = 0;
    return sandbox.run({
      source,
      input: null,
      timeoutMs: 1000,
      memoryMb: 64,
      signal: new AbortController().signal,
      log: (level, message) => void lines.push(`${level} ${message}`),
      ...options,
    });
  }

  it.each<[string, Json, Json]>([
    ['return input.a + 1', { a: 1 }, 2],
    ['return input', { deep: [1, null, 'é☃😀', { x: true }] }, { deep: [1, null, 'é☃😀', { x: true }] }],
    ['', null, null],
    ['return undefined', null, null],
    ['return NaN', null, null],
    ['return [undefined, () => 1]', null, [null, null]],
    ['return Promise.resolve(7)', null, 7],
    ['return await (async () => { await null; return 8 })()', null, 8],
    ['const { size } = new Map([[1, 2]]); return size', null, 1],
    ['return input.map((x) => x * 2).filter((x) => x > 2)', [1, 2, 3], [4, 6]],
    ['return new Date(0)', null, '1970-01-01T00:00:00.000Z'],
    ['return "a\\u0000b"', null, 'a\u0000b'],
    ['return { toJSON() { return 5 } }', null, 5],
    ['return typeof Date.now() + typeof Math.random()', null, 'numbernumber'],
  ])('%s', async (source, input, output) => {
    expect(await run(source, { input })).toEqual(output);
  });

  it('logs what the console is given, in order', async () => {
    await run('console.log("a", 1, { b: 2 }); console.warn([1]); console.error(new TypeError("bad")); console.debug(undefined)');
    expect(lines).toEqual(['info a 1 {"b":2}', 'warn [1]', 'error TypeError: bad', 'debug undefined']);
  });

  it('bounds logs', async () => {
    await run('for (let i = 0; i < 5000; i++) console.log(i)');
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toBe('warn further log lines are dropped');
    await run('const s = "x".repeat(100000); for (let i = 0; i < 200; i++) console.log(s)');
    expect(lines.join('').length).toBeLessThan(300_000);
  });

  it.each([
    [
      'process, require, fetch, timers, modules',
      'return [typeof process, typeof require, typeof fetch, typeof setTimeout, typeof XMLHttpRequest, typeof WebAssembly, typeof std, typeof os].join()',
      'undefined,'.repeat(7) + 'undefined',
    ],
    ['the host through constructors', 'return typeof (function(){}).constructor("return this")().process', 'undefined'],
    ['the host through console', 'return typeof console.log.constructor("return globalThis")().process', 'undefined'],
  ])('does not reach %s', async (_, source, output) => {
    expect(await run(source)).toBe(output);
  });

  it('does not load modules', async () => {
    await expect(run('return import("node:fs")')).rejects.toMatchObject({ code: 'script_error' });
  });

  it('keeps nothing from one script to the next', async () => {
    await run('globalThis.leak = 1; Array.prototype.map = () => "patched"; JSON.stringify = () => "no"');
    for (let i = 0; i < 4; i += 1) expect(await run('return [typeof leak, [1].map((x) => x)]')).toEqual(['undefined', [1]]);
  });

  it.each([
    [
      'a throw',
      'const x = 1;\nthrow new TypeError("nope")',
      { code: 'script_error', message: 'TypeError: nope (line 2)', details: { line: 2 } },
    ],
    ['a rejection', 'return Promise.reject(new Error("late"))', { code: 'script_error' }],
    ['a thrown string', 'throw "just text"', { code: 'script_error', message: 'just text' }],
    ['a thrown null', 'throw null', { code: 'script_error', message: 'null' }],
    ['a hostile error', 'throw { toJSON() { throw 1 }, toString() { throw 2 } }', { code: 'script_error' }],
    [
      'an error after meddling with JSON',
      'Object.prototype.toJSON = () => undefined; Array.prototype.toJSON = () => 5; throw new Error("x")',
      { code: 'script_error' },
    ],
    ['an error after silencing JSON', 'Array.prototype.toJSON = () => undefined; throw new Error("x")', { code: 'script_error' }],
    ['a cycle', 'const a = {}; a.a = a; return a', { code: 'script_error' }],
    ['a BigInt', 'return 1n', { code: 'script_error' }],
    ['bad syntax', 'return 1 +;', { code: 'script_syntax' }],
    ['a promise for ever', 'await new Promise(() => {})', { code: 'script_never_settles' }],
    ['deep recursion', 'const f = (n) => f(n + 1) + 1; return f(0)', { code: 'stack_overflow' }],
    ['deep recursion through natives', 'const a = []; const f = () => [1].map(f); return f()', { code: 'stack_overflow' }],
    ['deep recursion through a getter', 'const o = { get x() { return this.x } }; return o.x', { code: 'stack_overflow' }],
    ['a big string', 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length)', { code: 'memory_limit' }],
    ['a big array', 'const a = []; for (;;) a.push(new Array(1000).fill({}))', { code: 'memory_limit' }],
    ['many small objects', 'const a = []; for (;;) a.push({})', { code: 'memory_limit' }],
    ['a big map', 'const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })', { code: 'memory_limit' }],
    ['many promises', 'const a = []; for (;;) a.push(Promise.resolve().then(() => 1))', { code: 'memory_limit' }],
    ['many big buffers', 'const a = []; for (;;) a.push(new Uint8Array(1e7))', { code: 'memory_limit' }],
    ['a big buffer', 'return new Uint8Array(500 * 1024 * 1024).length', { code: 'memory_limit' }],
    ['a big result', 'return "x".repeat(9 * 1024 * 1024)', { code: 'too_large' }],
    ['a big result in few characters', 'return "☃".repeat(3 * 1024 * 1024)', { code: 'too_large' }],
  ])('fails on %s', async (_, source, error) => {
    await expect(run(source, { timeoutMs: 10_000 })).rejects.toMatchObject({ name: 'StepError', retryable: false, ...error });
    expect(await run('return "fine"')).toBe('fine');
  });

  it.each([
    ['an endless loop', 'for (;;);'],
    ['a loop that catches everything', 'for (;;) try { for (;;); } catch {}'],
    ['endless jobs', 'const f = () => Promise.resolve().then(f); await f()'],
    ['endless microtasks with a pending promise', 'const f = async () => { for (;;) await null }; return f()'],
    ['a regular expression that backtracks for ever', 'return /^(a+)+$/.test("a".repeat(40) + "b")'],
    ['a sort without end', 'return [1, 2, 3].sort(() => { for (;;); })'],
    ['an endless toJSON', 'return { toJSON() { for (;;); } }'],
    ['an endless error', 'throw Object.defineProperty(new Error("x"), "message", { get() { for (;;); } })'],
    ['an endless native', 'return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)'],
  ])('stops %s in time', async (_, source) => {
    const begun = performance.now();
    await expect(run(source, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout', retryable: true });
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(await run('return "fine"')).toBe('fine');
  });

  it('kills on abort, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled by test');
    const endless = run('console.log("on"); for (;;);', {
      timeoutMs: 30_000,
      signal: controller.signal,
      log: () => controller.abort(reason),
    });
    await expect(endless).rejects.toBe(reason);
    await expect(run('return 1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await run('return 2')).toBe(2);
  });

  it('serves many scripts on few threads, and drops an aborted one from the queue', async () => {
    const controller = new AbortController();
    const all = Array.from({ length: 30 }, (_, i) => run('return input * 2', { input: i }));
    const dropped = run('return 0', { signal: controller.signal });
    controller.abort(new Error('not needed'));
    await expect(dropped).rejects.toThrow('not needed');
    expect(await Promise.all(all)).toEqual(Array.from({ length: 30 }, (_, i) => i * 2));
  });

  it('refuses an absurd input', async () => {
    await expect(run('return 1', { input: 'x'.repeat(17 * 1024 * 1024) })).rejects.toMatchObject({ code: 'too_large' });
    expect(await run('return input.length', { input: 'x'.repeat(10 * 1024 * 1024) })).toBe(10 * 1024 * 1024);
  });

  it('fails, not hangs, when its threads are taken away', async () => {
    const own = new JavascriptSandbox();
    const started = Promise.withResolvers<void>();
    const running = own.run({
      source: 'console.log(1); for (;;);',
      input: null,
      timeoutMs: 30_000,
      memoryMb: 64,
      signal: new AbortController().signal,
      log: () => started.resolve(),
    });
    await started.promise;
    own.onApplicationShutdown();
    await expect(running).rejects.toMatchObject({ code: 'sandbox_crashed', retryable: true });
  });
});
