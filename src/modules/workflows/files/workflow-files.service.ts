import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type FSWatcher, watch } from 'chokidar';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import type { DefinitionFault } from '../../../engine/graph/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { parseJson } from '../../../platform/http/json-text.js';
import { ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { DEFAULT_TENANT } from '../../auth/index.js';
import { fileSource } from '../source.js';
import { type DefinitionBody, WorkflowsService } from '../workflows.service.js';

const EXTENSIONS = new Set(['.yaml', '.yml', '.json']);
const MAX_DEPTH = 5;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** A file that is being written is left alone until it has not grown for this long. */
const STABLE_MS = 150;

interface Directory {
  readonly path: string;
  /** `fs:<name>` of everything in it. */
  readonly source: string;
}

/** A file whose workflow could not be stored; the others of its directory are. */
export interface WorkflowFileError {
  readonly source: string;
  /** Relative to its directory. */
  readonly file: string;
  readonly message: string;
  readonly errors: readonly DefinitionFault[];
  readonly at: string;
}

/**
 * Workflows of directories that the operator mounted: `HEDDLE_WORKFLOWS_DIR`, and the examples in the quick start. Loaded before
 * the server takes requests and again on every change, into the default tenant. A broken file is told in the log and kept in
 * `loadErrors()`, and hides nothing else. A file that disappears leaves its workflow: runs and callers may depend on it, so that
 * only a DELETE removes it. Any number of nodes may load one directory: the store makes one version of one content.
 */
@Injectable()
export class WorkflowFilesService implements OnApplicationBootstrap {
  private readonly errors = new Map<string, WorkflowFileError>();
  private readonly directories: readonly Directory[];
  private watchers: FSWatcher[] = [];
  /** Loads run one after the other, so that the last state of a file is stored last. */
  private queue: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly workflows: WorkflowsService,
    private readonly shutdown: ShutdownRegistry,
  ) {
    this.directories = directoriesOf(config);
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const directory of this.directories) await this.start(directory);
    this.shutdown.register('stop-accepting', 'workflow files', () => this.stop());
  }

  /** Every file that could not be loaded, as it is now. */
  loadErrors(): WorkflowFileError[] {
    return [...this.errors.values()];
  }

  private async start(directory: Directory): Promise<void> {
    const files = await this.listFiles(directory);
    if (files === null) return;
    const before = this.errors.size;
    for (const file of files) await this.enqueue(() => this.load(directory, file));
    this.logger.info({ source: directory.source, files: files.length, failed: this.errors.size - before }, 'workflow directory loaded');
    this.watch(directory);
  }

  private async listFiles(directory: Directory): Promise<string[] | null> {
    try {
      return await listDefinitions(directory.path);
    } catch (error) {
      const message = `the workflow directory cannot be read: ${(error as Error).message}`;
      this.report(directory, directory.path, message, []);
      return null;
    }
  }

  private watch(directory: Directory): void {
    const watcher = watch(directory.path, {
      ignoreInitial: true,
      depth: MAX_DEPTH,
      ignored: (path) =>
        relative(directory.path, path)
          .split(/[\\/]/)
          .some((part) => part.startsWith('.') && part !== '.' && part !== '..'),
      awaitWriteFinish: { stabilityThreshold: STABLE_MS, pollInterval: STABLE_MS / 3 },
    });
    const load = (path: string): void => {
      if (isDefinition(path)) void this.enqueue(() => this.load(directory, path));
    };
    watcher.on('add', load);
    watcher.on('change', load);
    watcher.on('unlink', (path) => this.forget(directory, path));
    watcher.on('error', (error) => this.logger.error({ source: directory.source, err: error }, 'the workflow directory cannot be watched'));
    this.watchers.push(watcher);
  }

  private async stop(): Promise<void> {
    const watchers = this.watchers;
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
    const file = relative(directory.path, path);
    try {
      const checked = this.workflows.check(await readDefinition(path), directory.source);
      const stored = await this.workflows.store(DEFAULT_TENANT, checked, directory.source);
      this.errors.delete(keyOf(directory, path));
      const fields = { source: directory.source, file, workflow: checked.definition.name, version: stored.version };
      if (stored.created) this.logger.info(fields, 'workflow loaded');
      for (const warning of checked.warnings) this.logger.warn({ ...fields, path: warning.path, code: warning.code }, warning.message);
    } catch (error) {
      const faults = error instanceof AppError ? error.errors : [];
      this.report(directory, path, error instanceof AppError ? error.detail : (error as Error).message, faults);
    }
  }

  private report(directory: Directory, path: string, message: string, errors: readonly DefinitionFault[]): void {
    const file = relative(directory.path, path) || directory.path;
    this.errors.set(keyOf(directory, path), { source: directory.source, file, message, errors, at: new Date().toISOString() });
    this.logger.error({ source: directory.source, file, errors: errors.slice(0, 20) }, `workflow file not loaded: ${message}`);
  }

  private forget(directory: Directory, path: string): void {
    this.errors.delete(keyOf(directory, path));
    if (isDefinition(path))
      this.logger.info(
        { source: directory.source, file: relative(directory.path, path) },
        'workflow file is gone; its workflow stays until it is deleted',
      );
  }
}

function directoriesOf(config: HeddleConfig): Directory[] {
  return config.workflowDirectories.map(({ name, path }) => ({ path, source: fileSource(name) }));
}

function keyOf(directory: Directory, path: string): string {
  return `${directory.source} ${path}`;
}

function isDefinition(path: string): boolean {
  return EXTENSIONS.has(extname(path).toLowerCase()) && !basename(path).startsWith('.');
}

async function listDefinitions(directory: string, depth = 0): Promise<string[]> {
  const files: string[] = [];
  for (const entry of (await readdir(directory)).toSorted()) {
    if (entry.startsWith('.')) continue;
    const path = join(directory, entry);
    // Follows links: Kubernetes mounts files as links into a directory it swaps.
    const stats = await stat(path).catch(() => null);
    if (stats?.isDirectory() && depth < MAX_DEPTH) files.push(...(await listDefinitions(path, depth + 1)));
    else if (stats?.isFile() && isDefinition(path)) files.push(path);
  }
  return files;
}

async function readDefinition(path: string): Promise<DefinitionBody> {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) throw new Error(`the file is larger than ${MAX_FILE_BYTES} bytes`);
  const text = await readFile(path, 'utf8');
  return extname(path).toLowerCase() === '.json' ? { json: parseJson(text) } : { yaml: text };
}
