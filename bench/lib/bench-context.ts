import { BenchProcess } from './bench-process.js';
import type { BenchOptions } from './options.js';
import { compiled } from './paths.js';
import { BenchPostgres } from './postgres.js';

/** A part of the bench, `a` to `f`. */
export interface Part {
  readonly key: string;
  readonly title: string;
  run(context: BenchContext): Promise<void>;
}

/** What parts share: one Postgres server for all sides, and one load generator. Each starts with the first part that asks. */
export class BenchContext {
  private server: Promise<BenchPostgres> | null = null;
  private load: Promise<BenchProcess> | null = null;
  private readonly closing: (() => Promise<void>)[] = [];

  constructor(readonly options: BenchOptions) {}

  postgres(): Promise<BenchPostgres> {
    this.server ??= BenchPostgres.start();
    return this.server;
  }

  generator(): Promise<BenchProcess> {
    this.load ??= BenchProcess.start(compiled('processes', 'load-generator.js'), {}).then(({ process }) => process);
    return this.load;
  }

  /** Something of the running part, to be stopped with it. */
  async own<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    this.closing.push(() => started.stop());
    return started;
  }

  async run(part: Part): Promise<void> {
    try {
      await part.run(this);
    } finally {
      for (const stop of this.closing.splice(0).toReversed()) await stop();
    }
  }

  async close(): Promise<void> {
    await (await this.load)?.stop();
    await (await this.server)?.stop();
  }
}
