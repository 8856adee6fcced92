import { basename, relative, resolve } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type FSWatcher, watch } from 'chokidar';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import { AppError, type FieldError } from '../../../platform/errors/app-error.js';
import { ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { DEFAULT_TENANT } from '../../auth/index.js';
import { fileSource, isIgnored, listDefinitionFiles, MAX_DEPTH, mayHoldDefinition, parseFile } from '../../workflows/index.js';
import { malformedYaml } from '../agents.errors.js';
import { AgentsService } from '../agents.service.js';

/** A file that is being written is left alone until it has not grown for this long. */
const STABLE_MS = 150;

interface Directory {
  readonly path: string;
  /** `fs:<name>` of everything in it. */
  readonly source: string;
}

/** A file whose agent could not be stored; the others of its directory are. */
export interface AgentFileError {
  readonly source: string;
  /** Relative to its directory. */
  readonly file: string;
  readonly message: string;
  readonly errors: readonly FieldError[];
}

/**
 * Agents of directories that the operator mounted: `HEDDLE_AGENTS_DIR`, and the examples in the quick start. Loaded before the
 * server takes requests and again on every change, into the default tenant. A broken file is told in the log and hides nothing
 * else; a file that disappears leaves its agent, which only a DELETE removes.
 */
@Injectable()
export class AgentFilesService implements OnApplicationBootstrap {
  private readonly directories: readonly Directory[];
  private readonly errors = new Map<string, AgentFileError>();
  private watchers: FSWatcher[] = [];
  /** Loads run one after the other, so that the last state of a file is stored last. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly agents: AgentsService,
    private readonly shutdown: ShutdownRegistry,
  ) {
    this.directories = directoriesOf(config);
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const directory of this.directories) await this.start(directory);
    this.shutdown.register('stop-accepting', 'agent files', () => this.stop());
  }

  /** Every file that could not be loaded, as it is now. */
  loadErrors(): AgentFileError[] {
    return [...this.errors.values()];
  }

  private async start(directory: Directory): Promise<void> {
    try {
      const files = await listDefinitionFiles(directory.path);
      for (const file of files) await this.enqueue(() => this.load(directory, file));
      this.logger.info({ source: directory.source, files: files.length, failed: this.errors.size }, 'agent directory loaded');
      this.watch(directory);
    } catch (error) {
      this.report(directory, directory.path, `the agent directory cannot be read: ${(error as Error).message}`, []);
    }
  }

  private watch(directory: Directory): void {
    const watcher = watch(directory.path, {
      ignoreInitial: true,
      depth: MAX_DEPTH,
      ignored: (path) => isIgnored(directory.path, path),
      awaitWriteFinish: { stabilityThreshold: STABLE_MS, pollInterval: STABLE_MS / 3 },
    });
    const load = (path: string): void => {
      if (mayHoldDefinition(path)) void this.enqueue(() => this.load(directory, path));
    };
    watcher.on('add', load);
    watcher.on('change', load);
    watcher.on('unlink', (path) => this.errors.delete(path));
    watcher.on('error', (error) => this.logger.error({ source: directory.source, err: error }, 'the agent directory cannot be watched'));
    this.watchers.push(watcher);
  }

  private async stop(): Promise<void> {
    const { watchers } = this;
    this.watchers = [];
    await Promise.all(watchers.map((watcher) => watcher.close()));
    await this.queue;
  }

  private enqueue(task: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(task, task);
    return this.queue;
  }

  /** Never throws: whatever is wrong belongs to this file alone. */
  private async load(directory: Directory, path: string): Promise<void> {
    try {
      const parsed = await parseFile(path);
      if ('errors' in parsed) throw malformedYaml(parsed.errors);
      const read = this.agents.check({ json: parsed.value });
      const stored = await this.agents.saveAs(DEFAULT_TENANT, read, directory.source);
      this.errors.delete(path);
      const fields = {
        source: directory.source,
        file: relative(directory.path, path),
        agent: read.definition.name,
        version: stored.version,
      };
      if (stored.created) this.logger.info(fields, 'agent loaded');
      for (const warning of read.warnings) this.logger.warn({ ...fields, path: warning.path, code: warning.code }, warning.message);
    } catch (error) {
      this.report(
        directory,
        path,
        error instanceof AppError ? error.detail : (error as Error).message,
        error instanceof AppError ? error.errors : [],
      );
    }
  }

  private report({ source, path: root }: Directory, path: string, message: string, errors: readonly FieldError[]): void {
    const file = relative(root, path) || root;
    this.errors.set(path, { source, file, message, errors });
    this.logger.error({ source, file, errors: errors.slice(0, 20) }, `agent file not loaded: ${message}`);
  }
}

function directoriesOf(config: HeddleConfig): Directory[] {
  const directories: Directory[] = [];
  if (config.agentsDir !== undefined) {
    const path = resolve(config.agentsDir);
    directories.push({ path, source: fileSource(basename(path)) });
  }
  if (config.quickstart) directories.push({ path: resolve('examples/agents'), source: fileSource('examples') });
  return directories;
}
