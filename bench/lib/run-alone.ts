import { BenchContext, type Part } from './bench-context.js';
import { machine } from './machine.js';
import { readOptions } from './options.js';
import { heading } from './report.js';

/** Makes a part's file a script: `node bench/start.mjs parts/latency`. */
export async function runAlone(meta: ImportMeta, part: Part): Promise<void> {
  if (meta.main) await runParts([part]);
}

export async function runParts(parts: readonly Part[]): Promise<void> {
  const options = readOptions();
  const context = new BenchContext(options);
  try {
    await machine(context);
    for (const part of parts.filter(({ key }) => options.only?.has(key) ?? true)) {
      heading(part.title);
      await context.run(part);
    }
  } finally {
    await context.close();
  }
}
