import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Lets a thread started from TypeScript sources (tests) resolve the `.js` of its relative imports to the `.ts` beside it. */
const SOURCE_LOADER = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    resolve(specifier, context, next) {
      if (!/^\\.{1,2}\\/.*\\.js$/.test(specifier) || !context.parentURL?.endsWith('.ts')) return next(specifier, context);
      return next(specifier.slice(0, -3) + '.ts', context);
    },
  });
`)}`;

/**
 * Starts the module as a worker thread: `startThread(new URL('./embedded.worker.js', import.meta.url))`. Works from the
 * build and, for tests, from sources; there Node strips the types, so a worker's modules use erasable syntax only (no
 * parameter properties, decorators or enums).
 */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(module, options);
  const source = new URL(module.href.replace(/\.js$/, '.ts'));
  return new Worker(source, { ...options, execArgv: [...(options.execArgv ?? []), '--import', SOURCE_LOADER] });
}
