import { dirname, sep } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type FSWatcher, watch } from 'chokidar';
import { CONFIG, type HeddleConfig } from '../../../config/index.js';
import type { DefinitionFault } from '../../../engine/graph/index.js';
import { AppError } from '../../../platform/errors/app-error.js';
import { ShutdownRegistry } from '../../../platform/lifecycle/index.js';
import { LOGGER, type Logger } from '../../../platform/logging/index.js';
import { DEFAULT_TENANT } from '../../auth/index.js';
import type { DefinitionFormatName } from '../origin.js';
import { FileWarnings } from '../file-warnings.js';
import { fileSource } from '../source.js';
import { WorkflowsService } from '../workflows.service.js';
import { isIgnored, isJobConfig, jobDirectory, listDefinitionFiles, MAX_DEPTH, mayHoldDefinition } from './definition-files.js';
import { faultOf, type FileFault, type FileReading, type LoadableDefinition, readFileOf, type SourceDirectory } from './file-reader.js';

/** A file that is being written is left alone until it has not grown for this long. */
const STABLE_MS = 150;
/** Changes that come together are looked at together. */
const GATHER_MS = 50;
/** After a failure that is nobody's fault, such as a database that does not answer. */
const RETRY_MS = 5_000;

/** A file whose workflow could not be stored; the others of its directory are. */
export interface WorkflowFileError {
  readonly source: string;
  /** Relative to its directory. */
  readonly file: string;
  /** Null when it could not be told. */
  readonly format: DefinitionFormatName | null;
  readonly message: string;
  readonly errors: readonly DefinitionFault[];
  readonly at: string;
}

/** A directory of definitions, as it was found last. */
export interface WorkflowSourceState {
  readonly source: string;
  readonly path: string;
  /** How many files hold definitions, or mean to. */
  readonly files: number;
  readonly workflows: number;
  readonly formats: readonly DefinitionFormatName[];
  readonly errors: readonly WorkflowFileError[];
}

/** What became of a file. */
interface FileState {
  readonly reading: FileReading;
  /** The hash of what is stored of it. */
  readonly stored: string | null;
  readonly error: WorkflowFileError | null;
}

interface Source {
  readonly directory: SourceDirectory;
  files: ReadonlyMap<string, FileState>;
  /** Of the directory itself. */
  error: WorkflowFileError | null;
}

/**
 * Workflows and jobs of directories that the operator mounted (`HEDDLE_WORKFLOWS_DIR`, and the examples in the quick start).
 * Loaded before the server takes requests and again on every change, into the default tenant. A broken file is told in the log
 * and kept in `loadErrors()`, and hides nothing else. A file that disappears leaves its workflow: runs and callers may depend on
 * it, so that only a DELETE removes it. Any number of nodes may load one directory: the store makes one version of one content.
 * Of two files with one name the first is loaded, by the order of the directories and the paths.
 */
@Injectable()
export class WorkflowFilesService implements OnApplicationBootstrap {
  private readonly sources: readonly Source[];
  private watchers: FSWatcher[] = [];
  /** Looks at the directories come one after the other, so that the last state of a file is stored last. */
  private queue: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    @Inject(CONFIG) config: HeddleConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly workflows: WorkflowsService,
    private readonly warnings: FileWarnings,
    private readonly shutdown: ShutdownRegistry,
  ) {
    this.sources = config.workflowDirectories.map(({ name, path }) => ({
      directory: { source: fileSource(name), name, path },
      files: new Map(),
      error: null,
    }));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.look();
    for (const { directory, files, error } of this.sources) {
      if (error !== null) continue;
      const failed = [...files.values()].filter((file) => file.error !== null).length;
      this.logger.info({ source: directory.source, files: files.size, failed }, 'workflow directory loaded');
      this.watch(directory);
    }
    this.shutdown.register('stop-accepting', 'workflow files', () => this.stop());
  }

  /** Every file that could not be loaded, as it is now. */
  loadErrors(): WorkflowFileError[] {
    return this.sources.flatMap((source) => errorsOf(source));
  }

  /** The directories of this process. Their workflows belong to the default tenant. */
  states(): WorkflowSourceState[] {
    return this.sources.map((source) => {
      const files = [...source.files.values()];
      const loaded = files.flatMap(({ reading: { result } }) => (result.kind === 'definition' ? [result.workflow] : []));
      return {
        source: source.directory.source,
        path: source.directory.path,
        files: files.length,
        workflows: new Set(loaded).size,
        formats: [...new Set(files.flatMap(({ reading: { format } }) => (format === null ? [] : [format])))].toSorted(),
        errors: errorsOf(source),
      };
    });
  }

  /** What keeps the file or job at a place of a source from being loaded, as it is now; null when nothing does. */
  errorAt(source: string, place: string): WorkflowFileError | null {
    const files = this.sources.find(({ directory }) => directory.source === source)?.files.values() ?? [];
    return [...files].find(({ reading }) => reading.place === place)?.error ?? null;
  }

  private watch({ path: root, source }: SourceDirectory): void {
    const watcher = watch(root, {
      ignoreInitial: true,
      depth: MAX_DEPTH,
      ignored: (path) => isIgnored(root, path),
      awaitWriteFinish: { stabilityThreshold: STABLE_MS, pollInterval: STABLE_MS / 3 },
    });
    watcher.on('all', (_, path) => {
      if (this.matters(path)) this.lookAfter(GATHER_MS);
    });
    watcher.on('error', (error) => this.logger.error({ source, err: error }, 'the workflow directory cannot be watched'));
    this.watchers.push(watcher);
  }

  private matters(path: string): boolean {
    if (mayHoldDefinition(path)) return true;
    const related = new Set(this.sources.flatMap(({ files }) => [...files.values()].flatMap(({ reading }) => reading.related)));
    return related.has(path) || related.has(dirname(path));
  }

  private lookAfter(ms: number): void {
    if (this.stopped || this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.look();
    }, ms);
    this.timer.unref();
  }

  private async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    const watchers = this.watchers;
    this.watchers = [];
    await Promise.all(watchers.map((watcher) => watcher.close()));
    await this.queue;
  }

  /** Looks at all directories, since a name in one may be taken in another. What was not touched is not read again. */
  private look(): Promise<void> {
    const all = async (): Promise<void> => {
      const taken = new Map<string, FileReading>();
      for (const source of this.sources) await this.lookAt(source, taken);
    };
    this.queue = this.queue.then(all, all);
    return this.queue;
  }

  private async lookAt(source: Source, taken: Map<string, FileReading>): Promise<void> {
    const readings = await this.read(source);
    if (readings === null) return;
    const files = new Map<string, FileState>();
    for (const reading of readings) {
      const known = source.files.get(reading.path);
      const state = await this.settle(source.directory, reading, known, taken);
      if (state.error !== null && state.error !== known?.error) this.tell(state.error);
      files.set(reading.path, state);
    }
    for (const [path, { reading }] of source.files) {
      if (files.has(path)) continue;
      const fields = { source: source.directory.source, file: reading.file };
      this.logger.info(fields, 'workflow file is gone; its workflow stays until it is deleted');
    }
    source.files = files;
  }

  /** Every file that is a definition or means to be one; null when the directory cannot be read. */
  private async read(source: Source): Promise<FileReading[] | null> {
    const { directory, files: known } = source;
    const check = this.workflows.check.bind(this.workflows);
    try {
      const paths = await listDefinitionFiles(directory.path);
      const readings = new Map<string, FileReading>();
      const jobs: string[] = [];
      for (const path of paths.toSorted((a, b) => Number(isJobConfig(b)) - Number(isJobConfig(a)))) {
        const owned = !isJobConfig(path) && jobs.some((job) => path.startsWith(job));
        const reading = await readFileOf(directory, path, owned, known.get(path)?.reading, check);
        readings.set(path, reading);
        // A job at the top would own the whole source.
        if (isJobConfig(path) && reading.format === 'flwd' && reading.place !== '.') jobs.push(jobDirectory(path) + sep);
      }
      source.error = null;
      return paths.flatMap((path) => readings.get(path) ?? []).filter(({ result }) => result.kind !== 'none');
    } catch (error) {
      const message = `the workflow directory cannot be read: ${(error as Error).message}`;
      const before = source.error?.message;
      source.error = { source: directory.source, file: directory.path, format: null, message, errors: [], at: new Date().toISOString() };
      if (before !== message) this.tell(source.error);
      return null;
    }
  }

  private async settle(
    directory: SourceDirectory,
    reading: FileReading,
    known: FileState | undefined,
    taken: Map<string, FileReading>,
  ): Promise<FileState> {
    const { result } = reading;
    const stored = known?.stored ?? null;
    if (result.kind !== 'definition') return { reading, stored, error: errorOf(directory, reading, result as FileFault, known) };
    const first = taken.get(result.workflow);
    if (first === undefined) taken.set(result.workflow, reading);
    else if (first.result.kind === 'definition' && first.result.hash === result.hash) return { reading, stored, error: null };
    else return { reading, stored, error: errorOf(directory, reading, nameTaken(result, first), known) };
    this.warnings.set(directory.source, result.workflow, result.unkept);
    if (known?.reading === reading && stored === result.hash) return { reading, stored, error: null };
    try {
      await this.store(directory, reading, result);
      return { reading, stored: result.hash, error: null };
    } catch (error) {
      if (!(error instanceof AppError)) this.lookAfter(RETRY_MS);
      return { reading, stored, error: errorOf(directory, reading, faultOf(error), known) };
    }
  }

  private async store(
    { source }: SourceDirectory,
    { file }: FileReading,
    { checked, origin, workflow }: LoadableDefinition,
  ): Promise<void> {
    const { version, created } = await this.workflows.store(DEFAULT_TENANT, checked, { createdBy: source, origin });
    const fields = { source, file, workflow, version };
    if (created) this.logger.info(fields, 'workflow loaded');
    for (const warning of checked.warnings) this.logger.warn({ ...fields, path: warning.path, code: warning.code }, warning.message);
  }

  private tell({ source, file, message, errors }: WorkflowFileError): void {
    this.logger.error({ source, file, errors: errors.slice(0, 20) }, `workflow file not loaded: ${message}`);
  }
}

function errorsOf({ files, error }: Source): WorkflowFileError[] {
  return [...(error === null ? [] : [error]), ...[...files.values()].flatMap((file) => file.error ?? [])];
}

/** The same object as long as nothing about it changes. */
function errorOf(
  { source }: SourceDirectory,
  { file, format }: FileReading,
  { message, errors }: FileFault,
  known: FileState | undefined,
): WorkflowFileError {
  const before = known?.error ?? null;
  if (before !== null && before.message === message && JSON.stringify(before.errors) === JSON.stringify(errors)) return before;
  return { source, file, format, message, errors, at: new Date().toISOString() };
}

function nameTaken({ workflow }: LoadableDefinition, first: FileReading): FileFault {
  const message = `${workflow} is the workflow of ${first.file} already`;
  return { kind: 'fault', message, errors: [{ path: '/name', code: 'duplicate_name', message }] };
}
